package io.pgheal.spring;

import io.micrometer.core.instrument.MeterRegistry;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.report.HealingMeters;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Meters the guards once the application's registry stands. Asking for that one while data sources are made would draw
 * everything that it needs in too early, and in a circle where that needs a data source.
 */
final class LateMeters implements GuardCustomizer, SmartInitializingSingleton {
    private final GuardedDataSources guarded;
    private final ObjectProvider<MeterRegistry> application;
    private volatile @Nullable MeterRegistry registry;

    LateMeters(GuardedDataSources guarded, ObjectProvider<MeterRegistry> application) {
        this.guarded = guarded;
        this.application = application;
    }

    /** A data source that is made late, by a lazy bean for example. */
    @Override
    public void customize(SelfHealingDataSource.Builder guard) {
        MeterRegistry known = registry;
        if (known != null) {
            guard.meterRegistry(known);
        }
    }

    @Override
    public void afterSingletonsInstantiated() {
        application.ifUnique(found -> {
            registry = found;
            guarded.byName().values().forEach(guard -> guard.metrics(HealingMeters.in(found)));
        });
    }
}
