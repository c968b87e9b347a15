package io.pgheal.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * Opens a new connection to PostgreSQL each time, never one out of a pool, and asks for the credentials each time, so that
 * rotated passwords and tokens are picked up. {@link ControlSettings} is the one to prefer.
 */
@FunctionalInterface
public interface ConnectionOpener {
    Connection open() throws SQLException;

    /** An opener for this one of the servers that it could reach; empty when it cannot choose. */
    default Optional<ConnectionOpener> at(ServerAddress address) {
        return Optional.empty();
    }

    /**
     * Takes each connection from a data source, which must not be a pool: its settings are changed for good.
     *
     * @param statementTimeout the server's limit for each statement; the socket gets four seconds more
     */
    static ConnectionOpener from(DataSource dataSource, Duration statementTimeout) {
        return () -> SessionSettings.set(dataSource.getConnection(), statementTimeout, statementTimeout.plusSeconds(4));
    }
}
