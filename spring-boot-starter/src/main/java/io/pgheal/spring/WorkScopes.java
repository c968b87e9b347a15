package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.track.LeaseScope;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.ClassUtils;

/**
 * One unit of work on one thread: a scope on each guarded data source, and the resources that Spring binds to the
 * thread. No method throws.
 */
final class WorkScopes {
    private static final Logger LOG = LoggerFactory.getLogger(WorkScopes.class);
    private static final boolean SPRING_TRANSACTIONS =
            isPresent("org.springframework.transaction.support.TransactionSynchronizationManager")
                    && isPresent("org.springframework.jdbc.datasource.ConnectionHolder");

    /** The innermost unit of each thread; empty between two units. */
    private static final ThreadLocal<@Nullable WorkScopes> CURRENT = new ThreadLocal<>();

    private final Collection<SelfHealingDataSource> dataSources;
    private final @Nullable WorkScopes outer;

    /** The last scope first: scopes are closed in reverse order. */
    private final Deque<LeaseScope> open = new ArrayDeque<>();

    private @Nullable ThreadBound bound;
    private volatile boolean failed;
    private volatile boolean elsewhere;

    private WorkScopes(Collection<SelfHealingDataSource> dataSources, @Nullable WorkScopes outer) {
        this.dataSources = dataSources;
        this.outer = outer;
    }

    private static boolean isPresent(String className) {
        return ClassUtils.isPresent(className, WorkScopes.class.getClassLoader());
    }

    /** Begins a unit on the calling thread, which must close it. A scope that cannot be opened is left out. */
    static WorkScopes begin(Collection<SelfHealingDataSource> dataSources, String name) {
        WorkScopes unit = new WorkScopes(dataSources, CURRENT.get());
        try {
            CURRENT.set(unit);
            if (SPRING_TRANSACTIONS && unit.outer == null) {
                unit.bound = ThreadBound.atStart(dataSources);
            }
            for (SelfHealingDataSource dataSource : dataSources) {
                unit.open.push(dataSource.frameworkScope(name));
            }
        } catch (Throwable e) {
            warn(name, e);
        }
        return unit;
    }

    /** A unit without scopes. */
    static WorkScopes none() {
        return new WorkScopes(List.of(), null);
    }

    /** The innermost unit of the calling thread. */
    static @Nullable WorkScopes current() {
        return CURRENT.get();
    }

    void failed(Throwable thrown) {
        failed = true;
        for (LeaseScope scope : open) {
            scope.failed(thrown);
        }
    }

    void rename(String better) {
        for (LeaseScope scope : open) {
            scope.rename(better);
        }
    }

    /** The work continues on other threads, until {@link #completed}. */
    void continueElsewhere() {
        elsewhere = true;
        for (LeaseScope scope : open) {
            scope.continuesElsewhere();
        }
    }

    void close() {
        for (LeaseScope scope : open) {
            try {
                scope.close();
            } catch (Throwable e) {
                warn(scope.name(), e);
            }
        }
        try {
            leaveThread();
        } catch (Throwable e) {
            warn("the thread's", e);
        }
    }

    private void leaveThread() {
        if (CURRENT.get() == this) {
            if (outer == null) {
                CURRENT.remove();
            } else {
                CURRENT.set(outer);
            }
        }
        if (bound != null) {
            bound.atEnd(failed && !elsewhere, isActing());
        }
    }

    /** Whether every data source is in a mode in which pgheal acts. */
    private boolean isActing() {
        for (SelfHealingDataSource dataSource : dataSources) {
            if (dataSource.mode() != HealingMode.HEAL) {
                return false;
            }
        }
        return true;
    }

    void completed() {
        for (LeaseScope scope : open) {
            try {
                scope.completed();
            } catch (Throwable e) {
                warn(scope.name(), e);
            }
        }
    }

    private static void warn(String name, Throwable e) {
        try {
            LOG.warn(
                    "pgheal's scope '{}' is not in order: {}",
                    name,
                    e.getClass().getName());
        } catch (Throwable ignored) {
            // The next scope matters more than the log.
        }
    }
}
