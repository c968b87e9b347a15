package io.pgheal.track;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import com.zaxxer.hikari.pool.ProxyConnection;
import io.pgheal.postgres.Below;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.function.IntSupplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** HikariCP, maybe below something that wraps it. Optional on the class path. */
final class HikariPool implements Pool {
    private final HikariDataSource hikari;

    /** Null where HikariCP itself lends: then it tells who waits. A wrapper may choose among several pools. */
    private final @Nullable IntSupplier waiting;

    private HikariPool(HikariDataSource hikari, @Nullable IntSupplier waiting) {
        this.hikari = hikari;
        this.waiting = waiting;
    }

    /** Null where no HikariCP is below. */
    static @Nullable Pool below(DataSource dataSource, IntSupplier waiting) {
        try {
            HikariDataSource hikari = Below.find(dataSource, HikariDataSource.class);
            return hikari == null ? null : new HikariPool(hikari, hikari == dataSource ? null : waiting);
        } catch (NoClassDefFoundError absent) {
            return null;
        }
    }

    @Override
    public Optional<String> name() {
        return Optional.ofNullable(hikari.getPoolName());
    }

    /** Until a pool has started, some versions of HikariCP do not know their own default. */
    @Override
    public Optional<Integer> size() {
        int size = hikari.getMaximumPoolSize();
        return size > 0 ? Optional.of(size) : Optional.empty();
    }

    @Override
    public boolean needsWaiting() {
        return waiting != null;
    }

    @Override
    public boolean isExhausted() {
        if (waiting != null) {
            return waiting.getAsInt() > 0;
        }
        HikariPoolMXBean pool = hikari.getHikariPoolMXBean();
        // Callers also wait while the pool is merely opening another connection.
        return pool != null
                && pool.getThreadsAwaitingConnection() > 0
                && pool.getTotalConnections() - pool.getIdleConnections() >= hikari.getMaximumPoolSize();
    }

    /**
     * Evicts instead of closing: Hikari's {@code close()} first closes the statements, and a cut call can have left
     * their lock with a dead thread. A connection of HikariCP's own below somebody else's is out of reach, but HikariCP
     * evicts it by itself at a call that fails; so the right pool does where the wrapper chooses among several. Then makes
     * the pool open a new connection for waiting callers: with a {@code minimumIdle} below its size the pool would not do
     * so by itself, and the callers would wait in vain.
     */
    @Override
    public void discard(Connection lent) throws SQLException {
        try {
            if (waiting == null && lent instanceof ProxyConnection) {
                hikari.evictConnection(lent);
            } else {
                Pool.giveUp(lent);
            }
        } finally {
            if (hikari.getHikariPoolMXBean() instanceof com.zaxxer.hikari.pool.HikariPool pool) {
                pool.addBagItem(pool.getThreadsAwaitingConnection());
            }
        }
    }
}
