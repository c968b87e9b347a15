package io.pgheal.spring;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.pgheal.SelfHealingDataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * A registry for guards that are made before the application's registry can be: asking for that one while data sources
 * are made would draw everything that it needs in too early, and in a circle where that needs a data source. Whatever
 * was registered here appears in the application's registry as soon as it joins, by its filters and common tags.
 */
final class LateMeters implements GuardCustomizer, SmartInitializingSingleton, DisposableBean {
    private final ObjectProvider<MeterRegistry> application;
    private final CompositeMeterRegistry own = new CompositeMeterRegistry();
    private @Nullable MeterRegistry joined;

    LateMeters(ObjectProvider<MeterRegistry> application) {
        this.application = application;
    }

    @Override
    public void customize(SelfHealingDataSource.Builder guard) {
        guard.meterRegistry(own);
    }

    @Override
    public void afterSingletonsInstantiated() {
        application.ifUnique(registry -> {
            joined = registry;
            own.add(registry);
        });
    }

    /** Leaves without closing what is not ours. */
    @Override
    public void destroy() {
        if (joined != null) {
            own.remove(joined);
        }
    }
}
