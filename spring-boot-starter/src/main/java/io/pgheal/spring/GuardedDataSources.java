package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;

/** All guarded data sources of the application, by the name of their bean. Thread-safe. */
final class GuardedDataSources implements DisposableBean {

    /**
     * One of them.
     *
     * @param target what was wrapped; null when the application made the guard, and so closes it
     * @param inside the bean that it is used in, where it is no bean itself
     */
    private record Guarded(
            SelfHealingDataSource dataSource,
            @Nullable DataSource target,
            @Nullable String inside) {}

    private final Map<String, Guarded> guarded = new LinkedHashMap<>();

    /** Copied on write: each request reads it. */
    private volatile Map<String, SelfHealingDataSource> byName = Map.of();

    /** Null when there is none of this name. */
    @Nullable
    SelfHealingDataSource get(String bean) {
        return byName.get(bean);
    }

    Map<String, SelfHealingDataSource> byName() {
        return byName;
    }

    boolean contains(DataSource dataSource) {
        return dataSource instanceof SelfHealingDataSource self && byName.containsValue(self);
    }

    synchronized void add(String bean, SelfHealingDataSource dataSource, @Nullable DataSource target) {
        guarded.put(bean, new Guarded(dataSource, target, null));
        publish();
    }

    /** A target that is no bean itself. */
    synchronized void addInside(String bean, String name, SelfHealingDataSource dataSource, DataSource target) {
        guarded.put(name, new Guarded(dataSource, target, bean));
        publish();
    }

    /** Closes the guard of this target, which is about to be closed itself, and those inside it. */
    void release(String bean, DataSource target) {
        List<SelfHealingDataSource> released = new ArrayList<>();
        synchronized (this) {
            guarded.entrySet().removeIf(each -> {
                Guarded entry = each.getValue();
                boolean own =
                        each.getKey().equals(bean) && (isOf(entry.target(), target) || entry.dataSource() == target);
                if (own || bean.equals(entry.inside())) {
                    released.add(entry.dataSource());
                    return true;
                }
                return false;
            });
            publish();
        }
        released.forEach(SelfHealingDataSource::close);
    }

    /** Whether it is this bean, or another post-processor's wrapper around it. */
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
        guarded.forEach((bean, entry) -> copy.put(bean, entry.dataSource()));
        byName = Collections.unmodifiableMap(copy);
    }

    /** The guards whose targets have no destruction of their own, such as those from JNDI. */
    @Override
    public void destroy() {
        Map<String, SelfHealingDataSource> last;
        synchronized (this) {
            last = byName;
            guarded.clear();
            publish();
        }
        last.values().forEach(SelfHealingDataSource::close);
    }
}
