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
     * One guarded data source.
     *
     * @param target the wrapped data source; null when the application created the guard, and so closes it
     * @param inside the bean that uses the data source, where the data source itself is no bean
     */
    private record Guarded(
            SelfHealingDataSource dataSource,
            @Nullable DataSource target,
            @Nullable String inside) {}

    private final Map<String, Guarded> guarded = new LinkedHashMap<>();

    /** Copied on write, because each request reads it. */
    private volatile Map<String, SelfHealingDataSource> byName = Map.of();

    /** Null when no guarded data source has this name. */
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

    /** Adds the guard of a target that is itself no bean. */
    synchronized void addInside(String bean, String name, SelfHealingDataSource dataSource, DataSource target) {
        guarded.put(name, new Guarded(dataSource, target, bean));
        publish();
    }

    /** Closes the guard of this target, which is about to be closed, and the guards inside the bean. */
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
        guarded.forEach((bean, entry) -> copy.put(bean, entry.dataSource()));
        byName = Collections.unmodifiableMap(copy);
    }

    /** Closes the guards whose targets have no destruction callback, such as those from JNDI. */
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
