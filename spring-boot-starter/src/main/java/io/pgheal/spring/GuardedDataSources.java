package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextAware;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;

/**
 * All guarded data sources of the application, by the name of their bean. Thread-safe.
 *
 * <p>While the context is stopped, for a checkpoint (CRaC) or a test context that pauses, pgheal has no connection of its own.
 * While the context is being closed it has: the last tasks, for which beans wait when they are destroyed, can be stuck, too.
 */
final class GuardedDataSources
        implements SmartLifecycle, ApplicationContextAware, ApplicationListener<ContextClosedEvent>, DisposableBean {

    /**
     * One guarded data source.
     *
     * @param name the name of the bean, or of the target inside a bean
     * @param target the wrapped data source; null when the application created the guard, and so closes it
     * @param bean what the application uses
     * @param inside the bean that uses the data source, where the data source itself is no bean
     */
    private record Guarded(
            String name,
            SelfHealingDataSource guard,
            @Nullable DataSource target,
            DataSource bean,
            @Nullable DataSource inside) {}

    /** A name may have two for a moment: a bean in a scope is made anew before the former one is destroyed. */
    private final List<Guarded> guarded = new ArrayList<>();

    /** Copied on write, because each request reads it. */
    private volatile Map<String, SelfHealingDataSource> byName = Map.of();

    /** Those that are PostgreSQL's and have no guard, each with the reason. */
    private final Map<String, String> unguarded = new ConcurrentSkipListMap<>();

    private @Nullable ApplicationContext own;
    private volatile boolean running;
    private volatile boolean closing;
    private boolean stopped; // guarded by this

    @Override
    public void setApplicationContext(ApplicationContext context) {
        own = context;
    }

    /** Also called when a child of the context is closed. */
    @Override
    public void onApplicationEvent(ContextClosedEvent event) {
        if (event.getApplicationContext() == own) {
            closing = true;
        }
    }

    /** Stops after all that may still use a data source. */
    @Override
    public int getPhase() {
        return Integer.MIN_VALUE;
    }

    @Override
    public void start() {
        running = true;
        stopped(false);
        byName.values().forEach(SelfHealingDataSource::reconnectControl);
    }

    @Override
    public void stop() {
        running = false;
        if (!closing) {
            stopped(true);
            byName.values().forEach(SelfHealingDataSource::disconnectControl);
        }
    }

    private synchronized void stopped(boolean now) {
        stopped = now;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Null when no guarded data source has this name. */
    @Nullable
    SelfHealingDataSource get(String bean) {
        return byName.get(bean);
    }

    Map<String, SelfHealingDataSource> byName() {
        return byName;
    }

    /** Whether borrowing from it is guarded: it is a guard, or what the application uses in place of a pool. */
    synchronized boolean contains(DataSource dataSource) {
        return guarded.stream().anyMatch(each -> each.bean() == dataSource || each.guard() == dataSource);
    }

    /** What the application uses in place of this pool; null where the pool has no guard. */
    synchronized @Nullable DataSource inPlaceOf(DataSource pool) {
        return guarded.stream()
                .filter(each -> each.target() == pool)
                .map(Guarded::bean)
                .findFirst()
                .orElse(null);
    }

    /** Adds a guard that the application made. */
    synchronized void add(String bean, SelfHealingDataSource own) {
        add(new Guarded(bean, own, null, own, null));
    }

    /** @param inside the bean that uses the target, where the target is no bean itself */
    synchronized void add(
            String name, SelfHealingDataSource guard, DataSource target, DataSource bean, @Nullable DataSource inside) {
        add(new Guarded(name, guard, target, bean, inside));
        unguarded.remove(name);
    }

    private synchronized void add(Guarded made) {
        guarded.add(made);
        publish();
        if (stopped) {
            made.guard().disconnectControl();
        }
    }

    /** Closes the guard of this target, which is about to be closed, and the guards inside the bean. */
    void release(String bean, DataSource target) {
        List<SelfHealingDataSource> released = new ArrayList<>();
        synchronized (this) {
            guarded.removeIf(each -> {
                boolean own = each.name().equals(bean)
                        && (isOf(each.target(), target) || each.guard() == target || each.bean() == target);
                if (own || each.inside() == target) {
                    released.add(each.guard());
                    return true;
                }
                return false;
            });
            publish();
        }
        unguarded.remove(bean);
        released.forEach(SelfHealingDataSource::close);
    }

    void unguarded(String name, String reason) {
        unguarded.put(name, reason);
    }

    /** The data sources that are PostgreSQL's and have no guard, each with the reason; the user's own wish is none. */
    Map<String, String> unguarded() {
        return Collections.unmodifiableMap(unguarded);
    }

    /** Whether there is something to guard, and nothing of it is guarded. */
    boolean guardsNothing() {
        return byName.isEmpty() && !unguarded.isEmpty();
    }

    /** Whether {@code wrapped} is this bean, or another post-processor's wrapper around it. */
    private static boolean isOf(@Nullable DataSource wrapped, DataSource bean) {
        try {
            return wrapped == bean
                    || (wrapped != null
                            && wrapped.isWrapperFor(bean.getClass())
                            && wrapped.unwrap(bean.getClass()) == bean);
        } catch (SQLException | RuntimeException unknown) {
            return false;
        }
    }

    private void publish() {
        Map<String, SelfHealingDataSource> copy = new LinkedHashMap<>();
        guarded.forEach(each -> copy.put(each.name(), each.guard()));
        byName = Collections.unmodifiableMap(copy);
    }

    /** Closes the guards whose targets have no destruction callback, such as those from JNDI. */
    @Override
    public void destroy() {
        List<Guarded> last;
        synchronized (this) {
            last = List.copyOf(guarded);
            guarded.clear();
            publish();
        }
        last.forEach(each -> each.guard().close());
    }
}
