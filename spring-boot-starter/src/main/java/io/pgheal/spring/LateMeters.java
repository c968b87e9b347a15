package io.pgheal.spring;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.report.HealingMeters;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Adds meters to the guards once the application's registry exists. Asking for the registry while data sources are
 * created would create all its dependencies too early, and in a cycle where one of them needs a data source.
 */
final class LateMeters implements GuardCustomizer, SmartInitializingSingleton, DisposableBean {
    private final GuardedDataSources guarded;
    private final ObjectProvider<MeterRegistry> application;
    private final List<Gauge> own = new ArrayList<>();
    private volatile @Nullable MeterRegistry registry;

    LateMeters(GuardedDataSources guarded, ObjectProvider<MeterRegistry> application) {
        this.guarded = guarded;
        this.application = application;
    }

    /** A data source that is created late, for example by a lazy bean. */
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
            gauge(found, "true", () -> guarded.byName().size());
            gauge(found, "false", () -> guarded.unguarded().size());
            guarded.byName().values().forEach(guard -> guard.metrics(HealingMeters.in(found)));
        });
    }

    private void gauge(MeterRegistry found, String guardedOnes, Supplier<Number> number) {
        own.add(Gauge.builder("pgheal.data.sources", number)
                .tag("guarded", guardedOnes)
                .description("PostgreSQL data sources with and without a guard")
                .register(found));
    }

    /**
     * The registry may outlive the application, as Micrometer's global one holds it with some versions of Spring Boot. A
     * gauge would hold the application, with its class loader.
     */
    @Override
    public void destroy() {
        MeterRegistry known = registry;
        if (known != null) {
            own.forEach(known::remove);
        }
    }
}
