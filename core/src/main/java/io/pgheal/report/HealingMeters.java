package io.pgheal.report;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.pgheal.Internal;
import io.pgheal.decide.HealingMode;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.heal.Safeguards;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The meters of one data source in one registry. Thread-safe. The only class that needs Micrometer. */
public final class HealingMeters implements Metrics {
    /** Buckets, so that Prometheus can compute percentiles over all instances; each may keep an exemplar. */
    private static final Duration[] HEALED_WITHIN = {
        Duration.ofMillis(5), Duration.ofMillis(10), Duration.ofMillis(20), Duration.ofMillis(50),
        Duration.ofMillis(100), Duration.ofMillis(200), Duration.ofMillis(500), Duration.ofSeconds(1),
        Duration.ofSeconds(2), Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(20),
        Duration.ofMinutes(1)
    };

    private static final Duration[] NO_BUCKETS = {};
    private static final boolean RESILIENCE4J_METERS =
            isThere("io.github.resilience4j.micrometer.tagged.TaggedCircuitBreakerMetrics");
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    /** Values of each tag whose values the application determines. */
    private static final int VALUES_KEPT = 100;

    private static final String OTHERS = "others";

    private final MeterRegistry registry;
    private final Tags common;
    private final Supplier<HealerState> healer;
    private final Set<String> sites = new HashSet<>();
    private final Set<String> tables = new HashSet<>();
    private volatile boolean closed;
    private volatile @Nullable SafeguardMeters safeguards;
    private final Timer cycle;
    /** Can time out, unlike a monitor: a registry that blocks must not hold up one thread after the other. */
    private final ReentrantLock registering = new ReentrantLock();

    private final Set<Meter> bound = ConcurrentHashMap.newKeySet();

    HealingMeters(MeterRegistry registry, String dataSource, Supplier<HealerState> healer) {
        this.registry = registry;
        this.common = Tags.of("data.source", dataSource);
        this.healer = healer;
        try {
            this.cycle = bind();
        } catch (RuntimeException | Error e) {
            close(); // otherwise the meters bound so far would stay for good
            throw e;
        }
    }

    private Timer bind() {
        gauge(MeterId.LEASES, HealerState::leases);
        gauge(MeterId.OPEN_TRANSACTIONS, HealerState::openTransactions);
        gauge(MeterId.WAITERS_BLOCKED, HealerState::waitersBlocked);
        gauge(MeterId.OLDEST_TRANSACTION, state -> state.quietest().toNanos() / 1e9);
        gauge(MeterId.CONTROL_CONNECTED, state -> state.connected() ? 1 : 0);
        gauge(MeterId.BREAKER_OPEN, state -> state.breakerOpen() ? 1 : 0);
        gauge(MeterId.BUDGET, HealerState::signalsLeft, "budget", "signals");
        gauge(MeterId.BUDGET, HealerState::certainLeft, "budget", "certain");
        gauge(MeterId.MODE, state -> modeFigure(state.mode()));
        gauge(MeterId.RETAINED, HealerState::retained);
        gauge(MeterId.PROOF_TOOK, state -> state.proof().took().toNanos() / 1e9);
        gauge(MeterId.PROOF_LONGEST_STOP, state -> state.proof().longestStop().toNanos() / 1e9);
        gauge(MeterId.PROOF_SILENT, state -> state.proof().silent().isEmpty() ? 0 : 1);
        gauge(MeterId.PROOF_OUTSTANDING, state -> state.unproven().toNanos() / 1e9);
        counted(MeterId.PROOF_ASKED, state -> state.proof().asked());
        counted(MeterId.PROOF_ANSWERED, state -> state.proof().answered());
        counted(MeterId.QUARANTINED, HealerState::quarantined);
        counted(MeterId.QUERIES, HealerState::queries);
        counted(MeterId.LOST_EVENTS, HealerState::lostEvents);
        counted(MeterId.ACTS_GIVEN_UP, state -> state.mishaps().actsGivenUp());
        counted(MeterId.ACTS_REFUSED, state -> state.mishaps().actsRefused());
        counted(MeterId.FAILED_LOOKS, state -> state.mishaps().failedLooks());
        counted(MeterId.PAUSES, state -> state.mishaps().pauses());
        counted(MeterId.LOST_NOTICES, state -> state.mishaps().lostNotices());
        counted(MeterId.CONNECTS, state -> state.mishaps().connects());
        counted(MeterId.LOSSES, state -> state.mishaps().losses());
        beginAtZero();
        return timer(MeterId.CYCLE);
    }

    /** Prometheus sees no increase in a series that begins at one: the first incident would raise no alert. */
    private void beginAtZero() {
        for (OutcomeKind outcome : OutcomeKind.values()) {
            if (outcome == OutcomeKind.WITHDRAWN) {
                continue; // is never reported
            }
            for (DiagnosisKind diagnosis : DiagnosisKind.values()) {
                counter(MeterId.INCIDENTS, "diagnosis", diagnosis.name(), "outcome", outcome.name());
            }
            for (EvidenceKind evidence : EvidenceKind.values()) {
                counter(MeterId.EVIDENCE, "evidence", evidence.name(), "outcome", outcome.name());
            }
        }
        for (EvidenceKind evidence : EvidenceKind.values()) {
            counter(MeterId.REFUTED, "evidence", evidence.name());
        }
        for (Rung rung : Rung.values()) {
            counter(MeterId.REMEDIES, "rung", rung.name(), "helped", "true");
            counter(MeterId.REMEDIES, "rung", rung.name(), "helped", "false");
        }
    }

    /** Meters in this registry, for any data source. */
    public static Metrics.Source in(MeterRegistry registry) {
        return (dataSource, healer) -> new HealingMeters(registry, dataSource, healer);
    }

    private static boolean isThere(String className) {
        try {
            Class.forName(className, false, HealingMeters.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    @Internal
    @Override
    public void safeguards(Safeguards watched) {
        if (RESILIENCE4J_METERS) {
            safeguards = new SafeguardMeters(registry, watched);
        }
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

    @Internal
    @Override
    public void incident(Incident incident, @Nullable Incident before) {
        if (isFree()) {
            try {
                if (!closed) {
                    record(incident, before);
                }
            } finally {
                registering.unlock();
            }
        }
    }

    private boolean isFree() {
        try {
            return registering.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void record(Incident incident, @Nullable Incident before) {
        Set<Integer> counted = new HashSet<>();
        if (before != null && isTheSame(incident, before)) {
            before.waiters().forEach(waiter -> counted.add(waiter.pid()));
        } else {
            recordOutcome(incident, before);
        }
        if (incident.outcome() == OutcomeKind.REFUTED) {
            return; // its waiters were counted with the heal
        }
        incident.waiters().stream()
                .filter(waiter -> !counted.contains(waiter.pid()))
                .forEach(waiter ->
                        timer(MeterId.LOCK_WAIT, "table", table(waiter.table())).record(waiter.waited()));
    }

    /** Whether the incident is published again only because more is known of it. */
    private static boolean isTheSame(Incident incident, Incident before) {
        return incident.outcome() == before.outcome() && incident.diagnosis() == before.diagnosis();
    }

    private void recordOutcome(Incident incident, @Nullable Incident before) {
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
        if (isLeak(incident) && (before == null || !isLeak(before))) {
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
    }

    /** An incident that was only reported is a suspicion, not a leak. */
    private static boolean isLeak(Incident incident) {
        boolean abandoned = incident.diagnosis() == DiagnosisKind.ABANDONED_TRANSACTION
                || incident.diagnosis() == DiagnosisKind.ABANDONED_CONNECTION;
        return abandoned && incident.outcome() != OutcomeKind.REPORTED;
    }

    /** Bounded: an application may make a table for each tenant, or a partition for each day. */
    private String table(@Nullable String name) {
        return name == null ? "unknown" : bounded(tables, name);
    }

    private String site(Incident incident) {
        String site = incident.lease() == null ? null : incident.lease().borrowedAt();
        return site == null ? "unknown" : bounded(sites, site);
    }

    /** Bounds the number of a tag's values, because each value is a time series for good. */
    private static String bounded(Set<String> known, String value) {
        return known.contains(value) || (known.size() < VALUES_KEPT && known.add(value)) ? value : OTHERS;
    }

    /** Called by the healing loop many times a second: registers nothing, and does not wait. */
    @Override
    public void cycle(Duration took) {
        if (!closed) {
            cycle.record(took);
        }
    }

    private void count(MeterId id, String... tags) {
        counter(id, tags).increment();
    }

    private Counter counter(MeterId id, String... tags) {
        Counter counter = Counter.builder(id.meterName())
                .description(id.description())
                .tags(common.and(tags))
                .register(registry);
        bound.add(counter);
        return counter;
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
    public void close() {
        closed = true; // the loop's last look must not register meters again
        boolean free = isFree();
        try {
            bound.forEach(registry::remove);
            SafeguardMeters watched = safeguards;
            if (watched != null) {
                watched.close();
            }
        } finally {
            if (free) {
                registering.unlock();
            }
        }
    }
}
