package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.track.HealingLease;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.jdbc.datasource.ConnectionProxy;
import org.springframework.transaction.support.ResourceHolderSupport;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * The resources that Spring's transactions have bound to a thread, from the start of an outermost unit of work to its
 * end. An error that cuts Spring's own completion leaves a dead connection bound, and every later unit on this thread
 * would join its transaction, whose work nobody will ever commit. This class unbinds such a connection, but only if the
 * unit itself bound it, and only when its lease is over or left behind. An outer transaction, an open session and a
 * transaction that spans several tasks stay bound.
 *
 * <p>Loaded only where spring-tx and spring-jdbc are present.
 */
final class ThreadBound {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadBound.class);

    /** What an ended unit left bound and could not judge then. Rarely set, so it costs little. */
    private static final ThreadLocal<@Nullable Map<Object, Object>> LEFT = new ThreadLocal<>();

    private final Collection<SelfHealingDataSource> guards;
    private final Map<Object, Object> before;
    private final boolean clean;

    private ThreadBound(Collection<SelfHealingDataSource> guards, Map<Object, Object> before, boolean clean) {
        this.guards = guards;
        this.before = before;
        this.clean = clean;
    }

    /** Unbinds what an earlier unit left here, if its lease has ended since. */
    static ThreadBound atStart(Collection<SelfHealingDataSource> guards) {
        Map<Object, Object> left = LEFT.get();
        if (left != null) {
            LEFT.remove();
            unbind(left, guards, false, true);
        }
        Map<Object, Object> now = TransactionSynchronizationManager.getResourceMap();
        return new ThreadBound(guards, now.isEmpty() ? Map.of() : new HashMap<>(now), !isMarked());
    }

    /**
     * @param failed whether the unit ended by a throwable
     * @param acting whether pgheal may act on a lease that is not over yet
     */
    void atEnd(boolean failed, boolean acting) {
        Map<Object, Object> now = TransactionSynchronizationManager.getResourceMap();
        if (now.isEmpty() && !(failed && isMarked())) {
            return;
        }
        Map<Object, Object> left = new HashMap<>(now);
        left.entrySet().removeIf(bound -> before.get(bound.getKey()) == bound.getValue());
        if (!left.isEmpty()) {
            unbind(left, guards, failed && acting, clean);
        }
        if (clean && failed && acting && before.isEmpty() && isMarked() && isBare()) {
            unmark(); // the connection was unbound before the error
        }
    }

    /**
     * @param left resources by key, whether still bound or not
     * @param alsoLeftBehind whether to also unbind connections whose leases are left behind but not over
     * @param clean whether the thread had no transaction marks before
     */
    private static void unbind(
            Map<Object, Object> left, Collection<SelfHealingDataSource> guards, boolean alsoLeftBehind, boolean clean) {
        List<Object> dead = new ArrayList<>();
        boolean alive = false;
        Map<Object, Object> bound = TransactionSynchronizationManager.getResourceMap();
        left.entrySet().removeIf(entry -> bound.get(entry.getKey()) != entry.getValue());
        for (Map.Entry<Object, Object> entry : left.entrySet()) {
            if (entry.getValue() instanceof ConnectionHolder holder) {
                if (isDead(entry.getKey(), holder, guards, alsoLeftBehind)) {
                    dead.add(entry.getKey());
                } else {
                    alive = true;
                }
            }
        }
        if (!dead.isEmpty() && !alive) {
            // The JPA session that took part in the transaction of the dead connection.
            left.forEach((key, value) -> {
                if (value instanceof ResourceHolderSupport holder
                        && holder.isSynchronizedWithTransaction()
                        && !dead.contains(key)) {
                    dead.add(key);
                }
            });
        }
        for (Object key : dead) {
            TransactionSynchronizationManager.unbindResourceIfPossible(key);
            left.remove(key);
        }
        if (!dead.isEmpty()) {
            LOG.warn(
                    "an error left {} resource(s) of an ended transaction bound to the thread '{}': unbound, so that the "
                            + "next unit of work there starts clean",
                    dead.size(),
                    Thread.currentThread().getName());
            if (clean && isBare()) {
                unmark();
            }
        }
        if (clean && !left.isEmpty()) {
            LEFT.set(left); // resources bound inside an outer transaction are left to that transaction
        }
    }

    /** True also when the JPA session that lent the connection is closed: it can no longer give it. */
    private static boolean isDead(
            Object key, ConnectionHolder holder, Collection<SelfHealingDataSource> guards, boolean alsoLeftBehind) {
        Connection connection;
        try {
            connection = holder.getConnection();
        } catch (IllegalStateException closed) {
            return isOurs(key, guards);
        } catch (RuntimeException none) {
            return false;
        }
        HealingLease lease = leaseOf(connection);
        return lease != null && (lease.isOver() || (alsoLeftBehind && lease.isLeftBehind()));
    }

    /** Spring binds the pool itself where its guard stands in for it. */
    private static boolean isOurs(Object key, Collection<SelfHealingDataSource> guards) {
        if (!(key instanceof DataSource bound)) {
            return false;
        }
        try {
            if (bound.isWrapperFor(SelfHealingDataSource.class)) {
                return true;
            }
            for (SelfHealingDataSource guard : guards) {
                if (guard.isWrapperFor(bound.getClass()) && guard.unwrap(bound.getClass()) == bound) {
                    return true;
                }
            }
            return false;
        } catch (SQLException | RuntimeException none) {
            return false;
        }
    }

    /**
     * Null where the connection is not ours, or where unwrapping would fetch one: Spring's lazy connections are such
     * proxies.
     */
    private static @Nullable HealingLease leaseOf(Connection connection) {
        try {
            if (connection instanceof HealingLease lease) {
                return lease;
            }
            return !(connection instanceof ConnectionProxy) && connection.isWrapperFor(HealingLease.class)
                    ? connection.unwrap(HealingLease.class)
                    : null;
        } catch (SQLException | RuntimeException none) {
            return null;
        }
    }

    /** Whether no connection and no session is bound. */
    private static boolean isBare() {
        for (Object bound : TransactionSynchronizationManager.getResourceMap().values()) {
            if (bound instanceof ResourceHolderSupport) {
                return false;
            }
        }
        return true;
    }

    private static boolean isMarked() {
        return TransactionSynchronizationManager.isSynchronizationActive()
                || TransactionSynchronizationManager.isActualTransactionActive()
                || TransactionSynchronizationManager.isCurrentTransactionReadOnly()
                || TransactionSynchronizationManager.getCurrentTransactionIsolationLevel() != null
                || TransactionSynchronizationManager.getCurrentTransactionName() != null;
    }

    private static void unmark() {
        TransactionSynchronizationManager.clear();
    }
}
