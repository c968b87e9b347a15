package io.pgheal.sameanswers;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * A data source as the application has it, with pgheal or without, and the connection that is borrowed from it. A
 * connection is used again after a rollback, because a new one for each call would take most of the time.
 */
final class Lender implements AutoCloseable {
    final DataSource source;
    private final HikariDataSource pool;
    private Connection borrowed;

    Lender(DataSource source, HikariDataSource pool) {
        this.source = source;
        this.pool = pool;
    }

    Connection connection() throws SQLException {
        if (borrowed == null) {
            borrowed = source.getConnection();
        }
        if (borrowed.getAutoCommit()) {
            borrowed.setAutoCommit(false);
        }
        return borrowed;
    }

    /** Undoes what the last call did to the data. */
    void rollback() {
        if (borrowed == null) {
            return;
        }
        try {
            if (!borrowed.getAutoCommit()) {
                borrowed.rollback();
            }
        } catch (SQLException e) {
            discard();
        }
    }

    /** The call, or its state, has closed the connection. */
    void forget() {
        borrowed = null;
    }

    /**
     * No later call meets this connection. Aborts it, because in the midst of a COPY the driver's {@code close()} waits
     * for ever.
     */
    void discard() {
        if (borrowed == null) {
            return;
        }
        try (Connection ended = borrowed) {
            if (pool != null && ended.isClosed()) {
                pool.getHikariPoolMXBean().softEvictConnections(); // it is back already
            }
            ended.setAutoCommit(false); // then the pool resets it, and notices that it is no more
            ended.abort(Runnable::run);
        } catch (SQLException e) {
            // it is of no use any more
        }
        borrowed = null;
    }

    @Override
    public void close() throws Exception {
        discard();
        if (source instanceof AutoCloseable closeable) {
            closeable.close();
        }
        if (pool != null) {
            pool.close();
        }
    }
}
