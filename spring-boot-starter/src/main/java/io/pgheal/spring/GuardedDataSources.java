package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;

/** All guarded data sources of the application, by the name of their bean. Thread-safe. */
final class GuardedDataSources implements DisposableBean {

    /** @param target what was wrapped; null when the application made the guard, and so closes it */
    private record Guarded(
            SelfHealingDataSource dataSource, @Nullable DataSource target) {}

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
        guarded.put(bean, new Guarded(dataSource, target));
        publish();
    }

    /** Closes the guard of this target, which is about to be closed itself. */
    void release(String bean, DataSource target) {
        SelfHealingDataSource released;
        synchronized (this) {
            Guarded entry = guarded.get(bean);
            if (entry == null || (entry.target() != target && entry.dataSource() != target)) {
                return;
            }
            guarded.remove(bean);
            publish();
            released = entry.dataSource();
        }
        released.close();
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
