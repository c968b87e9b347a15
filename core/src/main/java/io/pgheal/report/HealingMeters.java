package io.pgheal.report;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.pgheal.decide.HealingMode;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** The meters of one data source in one registry. Thread-safe. The only class that needs Micrometer. */
public final class HealingMeters implements Metrics {
    /** Buckets, so that Prometheus can tell percentiles over all instances; with them come exemplars. */
    private static final Duration[] HEALED_WITHIN = {
        Duration.ofMillis(5), Duration.ofMillis(10), Duration.ofMillis(20), Duration.ofMillis(50),
        Duration.ofMillis(100), Duration.ofMillis(200), Duration.ofMillis(500), Duration.ofSeconds(1),
        Duration.ofSeconds(2), Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(20),
        Duration.ofMinutes(1)
    };

    private static final Duration[] NO_BUCKETS = {};
    private static final int SITES_KEPT = 100;
    private static final String OTHER_SITES = "others";

    private final MeterRegistry registry;
    private final Tags common;
    private final Supplier<HealerState> healer;
    private final Set<String> sites = new HashSet<>();
    private boolean closed;
    private final Set<Meter> bound = ConcurrentHashMap.newKeySet();

    public HealingMeters(MeterRegistry registry, String dataSource, Supplier<HealerState> healer) {
        this.registry = registry;
        this.common = Tags.of("data.source", dataSource);
        this.healer = healer;
        gauge(MeterId.LEASES, HealerState::leases);
        gauge(MeterId.OPEN_TRANSACTIONS, HealerState::openTransactions);
        gauge(MeterId.WAITERS_BLOCKED, HealerState::waitersBlocked);
        gauge(MeterId.OLDEST_TRANSACTION, state -> state.quietest().toNanos() / 1e9);
        gauge(MeterId.CONTROL_CONNECTED, state -> state.connected() ? 1 : 0);
        gauge(MeterId.BREAKER_OPEN, state -> state.breakerOpen() ? 1 : 0);
        gauge(MeterId.BUDGET, HealerState::signalsLeft, "budget", "signals");
        gauge(MeterId.BUDGET, HealerState::certainLeft, "budget", "certain");
        gauge(MeterId.MODE, state -> modeFigure(state.mode()));
        counted(MeterId.QUARANTINED, HealerState::quarantined);
        counted(MeterId.QUERIES, HealerState::queries);
        counted(MeterId.LOST_EVENTS, HealerState::lostEvents);
    }

    private static int modeFigure(HealingMode mode) {
        return switch (mode) {
            case OFF -> 0;
            case OBSERVE -> 1;
            case HEAL -> 2;
        };
    }

    private void gauge(MeterId id, ToDoubleFunction<HealerState> value, String... tags) {
        bound.add(Gauge.builder(id.meterName(), healer, state -> value.applyAsDouble(state.get()))
                .description(id.description())
                .tags(common.and(tags))
                .strongReference(true)
                .register(registry));
    }

    private void counted(MeterId id, ToDoubleFunction<HealerState> value) {
        bound.add(FunctionCounter.builder(id.meterName(), healer, state -> value.applyAsDouble(state.get()))
                .description(id.description())
                .tags(common)
                .register(registry));
    }

    @Override
    public synchronized void incident(Incident incident) {
        if (closed) {
            return;
        }
        count(
                MeterId.INCIDENTS,
                "diagnosis",
                incident.diagnosis().name(),
                "outcome",
                incident.outcome().name());
        incident.evidence().stream()
                .filter(evidence -> evidence.strength() != Strength.NONE)
                .forEach(evidence -> count(
                        MeterId.EVIDENCE,
                        "evidence",
                        evidence.kind().name(),
                        "outcome",
                        incident.outcome().name()));
        if (incident.outcome() == OutcomeKind.REFUTED) {
            incident.evidence().stream()
                    .filter(evidence -> evidence.strength() != Strength.NONE)
                    .forEach(evidence ->
                            count(MeterId.REFUTED, "evidence", evidence.kind().name()));
            return;
        }
        if (incident.diagnosis() == DiagnosisKind.ABANDONED_TRANSACTION) {
            count(MeterId.LEAKS, "site", site(incident));
        }
        incident.remedies()
                .forEach(rung ->
                        count(MeterId.REMEDIES, "rung", rung.rung().name(), "helped", Boolean.toString(rung.helped())));
        Duration timeToHeal = incident.timeToHeal();
        if (timeToHeal != null) {
            timer(MeterId.TIME_TO_HEAL, "diagnosis", incident.diagnosis().name())
                    .record(timeToHeal);
        }
        incident.waiters()
                .forEach(
                        waiter -> timer(MeterId.LOCK_WAIT, "table", waiter.table() == null ? "unknown" : waiter.table())
                                .record(waiter.waited()));
    }

    /** The number of a tag's values is bounded, whatever an application does. */
    private String site(Incident incident) {
        List<String> stack =
                incident.lease() == null ? List.of() : incident.lease().borrowStack();
        String site = stack.isEmpty() ? "unknown" : stack.get(0);
        return sites.contains(site) || (sites.size() < SITES_KEPT && sites.add(site)) ? site : OTHER_SITES;
    }

    @Override
    public synchronized void cycle(Duration took) {
        if (!closed) {
            timer(MeterId.CYCLE).record(took);
        }
    }

    private void count(MeterId id, String... tags) {
        Counter counter = Counter.builder(id.meterName())
                .description(id.description())
                .tags(common.and(tags))
                .register(registry);
        bound.add(counter);
        counter.increment();
    }

    private Timer timer(MeterId id, String... tags) {
        Timer timer = Timer.builder(id.meterName())
                .description(id.description())
                .tags(common.and(tags))
                .serviceLevelObjectives(id == MeterId.CYCLE ? NO_BUCKETS : HEALED_WITHIN)
                .register(registry);
        bound.add(timer);
        return timer;
    }

    @Override
    public synchronized void close() {
        closed = true; // what the loop's last look brings must not register anything anew
        bound.forEach(registry::remove);
    }
}
