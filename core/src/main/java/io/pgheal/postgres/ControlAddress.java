package io.pgheal.postgres;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.Internal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.common.BaseDataSource;

/** The default source of the control connection: the address of the pool itself, outside the pool. */
@Internal
public final class ControlAddress {
    private static final Duration STATEMENT = Duration.ofSeconds(1);

    private ControlAddress() {}

    public static ConnectionOpener of(DataSource target, @Nullable ConnectionOpener given) {
        if (given != null) {
            return given;
        }
        if (target instanceof BaseDataSource driver) {
            return new OutsideThePool(() -> settings(driver));
        }
        if (isHikari(target)) {
            return Hikari.opener(target);
        }
        return () -> {
            throw new UnknownAddressException("pgheal does not know how to reach the server of a "
                    + target.getClass().getName()
                    + ": set pgheal.control.url, or controlDataSource(...) on the builder. Until then abandoned "
                    + "connections are aborted, but nothing is asked or signalled");
        };
    }

    private static ControlSettings settings(BaseDataSource driver) {
        return ControlSettings.of(driver.getURL(), String.valueOf(driver.getUser()), driver::getPassword);
    }

    /** Read anew at each connect: passwords are rotated. */
    @FunctionalInterface
    private interface Source {
        ControlSettings settings() throws SQLException;
    }

    private record OutsideThePool(Source source) implements ConnectionOpener {
        @Override
        public Connection open() throws SQLException {
            return source.settings().open();
        }

        @Override
        public Optional<ConnectionOpener> at(ServerAddress address) {
            try {
                return source.settings().at(address).isEmpty() ? Optional.empty() : Optional.of(() -> openAt(address));
            } catch (SQLException unknown) {
                return Optional.empty();
            }
        }

        private Connection openAt(ServerAddress address) throws SQLException {
            Optional<ConnectionOpener> there = source.settings().at(address);
            if (there.isEmpty()) {
                throw new SQLException("the pool's url does not name " + address + " any more");
            }
            return there.get().open();
        }
    }

    private static boolean isHikari(DataSource target) {
        try {
            return Hikari.is(target);
        } catch (NoClassDefFoundError absent) {
            return false;
        }
    }

    /** A class of its own, because HikariCP is optional. */
    private static final class Hikari {
        static boolean is(DataSource target) {
            return target instanceof HikariDataSource;
        }

        static ConnectionOpener opener(DataSource target) {
            HikariDataSource hikari = (HikariDataSource) target;
            DataSource below = hikari.getDataSource();
            return hikari.getJdbcUrl() == null && below != null && !(below instanceof BaseDataSource)
                    ? ConnectionOpener.from(below, STATEMENT)
                    : new OutsideThePool(() -> settings(hikari));
        }

        private static ControlSettings settings(HikariDataSource hikari) throws SQLException {
            String url = hikari.getJdbcUrl();
            if (url != null) {
                return ControlSettings.of(url, () -> credentials(hikari));
            }
            if (hikari.getDataSource() instanceof BaseDataSource driver) {
                return ControlAddress.settings(driver);
            }
            throw new UnknownAddressException(
                    "this HikariDataSource has neither jdbcUrl nor dataSource: set pgheal.control.url");
        }

        private static Properties credentials(HikariDataSource hikari) {
            Properties properties = new Properties();
            properties.putAll(hikari.getDataSourceProperties());
            if (hikari.getUsername() != null) {
                properties.setProperty("user", hikari.getUsername());
            }
            if (hikari.getPassword() != null) {
                properties.setProperty("password", hikari.getPassword());
            }
            return properties;
        }
    }
}
