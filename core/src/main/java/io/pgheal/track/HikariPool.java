package io.pgheal.track;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import java.sql.Connection;
import java.util.Optional;
import javax.sql.DataSource;

/** HikariCP, where the data source that lends is itself a {@link HikariDataSource}. Optional on the class path. */
final class HikariPool implements Pool {
    private final HikariDataSource hikari;

    private HikariPool(HikariDataSource hikari) {
        this.hikari = hikari;
    }

    static boolean isPresent() {
        try {
            Class.forName("com.zaxxer.hikari.HikariDataSource", false, HikariPool.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException absent) {
            return false;
        }
    }

    static boolean isHikari(DataSource dataSource) {
        return dataSource instanceof HikariDataSource;
    }

    static Pool of(DataSource dataSource) {
        return new HikariPool((HikariDataSource) dataSource);
    }

    @Override
    public Optional<String> name() {
        return Optional.ofNullable(hikari.getPoolName());
    }

    @Override
    public Optional<Integer> size() {
        return Optional.of(hikari.getMaximumPoolSize());
    }

    @Override
    public boolean isExhausted() {
        HikariPoolMXBean pool = hikari.getHikariPoolMXBean();
        // Callers also wait while the pool is merely opening another connection.
        return pool != null
                && pool.getThreadsAwaitingConnection() > 0
                && pool.getTotalConnections() - pool.getIdleConnections() >= hikari.getMaximumPoolSize();
    }

    /**
     * Evicts instead of closing: Hikari's {@code close()} first closes the statements, and a cut call can have left
     * their lock with a dead thread. Then makes the pool open a new connection for waiting callers: with a
     * {@code minimumIdle} below its size the pool would not do so by itself, and the callers would wait in vain.
     */
    @Override
    public void discard(Connection lent) {
        hikari.evictConnection(lent);
        if (hikari.getHikariPoolMXBean() instanceof com.zaxxer.hikari.pool.HikariPool pool) {
            pool.addBagItem(pool.getThreadsAwaitingConnection());
        }
    }
}
