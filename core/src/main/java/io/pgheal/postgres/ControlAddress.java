package io.pgheal.postgres;

import io.pgheal.Internal;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The default source of the control connection: where the pool itself has its connections from, outside of the pool. */
@Internal
public final class ControlAddress {
    private ControlAddress() {}

    public static ConnectionOpener of(DataSource target, @Nullable ConnectionOpener given) {
        return given != null ? given : new OutsideThePool(target);
    }

    /** Finds the origin anew at each connect: a pool may be set up late, and passwords are rotated. */
    private record OutsideThePool(DataSource target) implements ConnectionOpener {
        @Override
        public Connection open() throws SQLException {
            return opener().open();
        }

        @Override
        public Optional<ConnectionOpener> at(ServerAddress address) {
            try {
                return opener().at(address).isEmpty() ? Optional.empty() : Optional.of(() -> openAt(address));
            } catch (SQLException unknown) {
                return Optional.empty();
            }
        }

        private Connection openAt(ServerAddress address) throws SQLException {
            Optional<ConnectionOpener> there = opener().at(address);
            if (there.isEmpty()) {
                throw new SQLException("the pool's url does not name " + address + " any more");
            }
            return there.get().open();
        }

        private ConnectionOpener opener() throws SQLException {
            String type = target.getClass().getName();
            Optional<Origin> origin = Origin.of(target);
            if (origin.isEmpty()) {
                throw unknown(
                        "unwrap() of a " + type + " leads to no data source of HikariCP or of PostgreSQL's driver, and "
                                + "neither it nor what it wraps tells a url by getJdbcUrl() or getUrl()");
            }
            Optional<ConnectionOpener> opener = origin.get().opener();
            if (opener.isEmpty()) {
                throw unknown("a " + type + " tells no url of PostgreSQL's");
            }
            return opener.get();
        }
    }

    private static UnknownAddressException unknown(String why) {
        return new UnknownAddressException("the control connection has no address: " + why
                + ". Set pgheal.control.url, pgheal.control.username and pgheal.control.password, or on the builder "
                + "control(ControlSettings.of(url, user, password)) or controlDataSource(...)");
    }
}
