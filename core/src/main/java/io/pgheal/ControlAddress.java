package io.pgheal;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.postgres.ConnectionOpener;
import io.pgheal.postgres.ControlSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.common.BaseDataSource;

/** Where the control connection comes from when nobody says so: the address of the pool itself, outside the pool. */
final class ControlAddress {
    private static final Duration STATEMENT = Duration.ofSeconds(1);

    private ControlAddress() {}

    static ConnectionOpener of(DataSource target, @Nullable ConnectionOpener given) {
        if (given != null) {
            return given;
        }
        if (target instanceof BaseDataSource driver) {
            return () -> open(driver);
        }
        if (isHikari(target)) {
            return Hikari.opener(target);
        }
        return () -> {
            throw new SQLException("pgheal does not know how to reach the server of a "
                    + target.getClass().getName()
                    + ": set pgheal.control.url, or controlDataSource(...) on the builder. Until then abandoned "
                    + "connections are aborted, but nothing is asked or signalled");
        };
    }

    private static Connection open(BaseDataSource driver) throws SQLException {
        return ControlSettings.of(driver.getURL(), String.valueOf(driver.getUser()), driver::getPassword)
                .open();
    }

    private static boolean isHikari(DataSource target) {
        try {
            return Hikari.is(target);
        } catch (NoClassDefFoundError absent) {
            return false;
        }
    }

    /** Apart, because HikariCP is optional. */
    private static final class Hikari {
        static boolean is(DataSource target) {
            return target instanceof HikariDataSource;
        }

        /** Everything is read anew at each connect: passwords are rotated. */
        static ConnectionOpener opener(DataSource target) {
            HikariDataSource hikari = (HikariDataSource) target;
            return () -> {
                String url = hikari.getJdbcUrl();
                if (url == null) {
                    DataSource below = hikari.getDataSource();
                    if (below instanceof BaseDataSource driver) {
                        return ControlAddress.open(driver);
                    }
                    if (below != null) {
                        return ConnectionOpener.from(below, STATEMENT).open();
                    }
                    throw new SQLException(
                            "this HikariDataSource has neither jdbcUrl nor dataSource: set pgheal.control.url");
                }
                return ControlSettings.of(url, () -> credentials(hikari)).open();
            };
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
