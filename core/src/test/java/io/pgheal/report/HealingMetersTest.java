package io.pgheal.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pgheal.detect.Evidence;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Safeguards;
import io.pgheal.track.LeaseView;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What an application's meter registry has to hold is bounded, and tells who leaks and on what evidence. */
class HealingMetersTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final HealingMeters meters = new HealingMeters(registry, "login", () -> {
        throw new AssertionError("no gauge is read here");
    });

    private static Incident leakAt(String site) {
        return leakAt(site, OutcomeKind.HEALED);
    }

    private static Incident leakAt(String site, OutcomeKind outcome) {
        return leakAt(site, false, outcome);
    }

    private static Incident leakAt(String site, boolean likely, OutcomeKind outcome) {
        return Incidents.of(DiagnosisKind.ABANDONED_TRANSACTION)
                .outcome(outcome)
                .evidence(List.of(new Evidence(
                        EvidenceKind.OWNER_ENDED, Strength.SUSPICION, Duration.ZERO, "its thread is gone")))
                .lease(new LeaseView(
                        1,
                        1,
                        true,
                        false,
                        Duration.ZERO,
                        Duration.ZERO,
                        false,
                        null,
                        List.of(site),
                        likely,
                        List.of(),
                        null,
                        null,
                        null))
                .made();
    }

    @Test
    void theMetersOfBudgetsAndBreakerAreBoundAndTakenAway() {
        meters.safeguards(new Safeguards("login", 30, 100));
        assertThat(registry.get("resilience4j.circuitbreaker.state")
                        .tag("name", "pgheal-login")
                        .tag("state", "closed")
                        .gauge()
                        .value())
                .isOne();
        assertThat(registry.get("resilience4j.ratelimiter.available.permissions")
                        .tag("name", "pgheal-login-signals")
                        .gauge()
                        .value())
                .isEqualTo(30);
        assertThat(registry.find("resilience4j.ratelimiter.available.permissions")
                        .gauges())
                .hasSize(2);
        meters.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void thoseThatCannotAllBeBoundLeaveNothingBehind() {
        SimpleMeterRegistry full = new SimpleMeterRegistry();
        full.config().meterFilter(new MeterFilter() {
            @Override
            public MeterFilterReply accept(Meter.Id id) {
                if (id.getName().equals(MeterId.CYCLE.meterName())) {
                    throw new IllegalStateException("too many meters");
                }
                return MeterFilterReply.NEUTRAL;
            }
        });
        assertThatThrownBy(() -> new HealingMeters(full, "login", () -> {
                    throw new AssertionError("no gauge is read here");
                }))
                .hasMessage("too many meters");
        assertThat(full.getMeters()).isEmpty();
    }

    /** Prometheus sees no increase in a series that begins at one. */
    @Test
    void whatIsCountedByKindBeginsAtZero() {
        assertThat(registry.get(MeterId.INCIDENTS.meterName())
                        .tag("diagnosis", "ABANDONED_TRANSACTION")
                        .tag("outcome", "UNRESOLVED")
                        .counter()
                        .count())
                .isZero();
        assertThat(registry.get(MeterId.REFUTED.meterName())
                        .tag("evidence", "SCOPE_ENDED")
                        .counter()
                        .count())
                .isZero();
        int before = registry.find(MeterId.INCIDENTS.meterName()).counters().size();
        meters.incident(leakAt("Place.one(Place.java:1)"), null);
        assertThat(registry.get(MeterId.INCIDENTS.meterName())
                        .tag("outcome", "HEALED")
                        .tag("diagnosis", "ABANDONED_TRANSACTION")
                        .counter()
                        .count())
                .isOne();
        assertThat(registry.find(MeterId.INCIDENTS.meterName()).counters()).hasSize(before);
    }

    @Test
    void leaksAreToldByPlaceAndTheNumberOfPlacesIsBounded() {
        for (int i = 0; i < 500; i++) {
            meters.incident(leakAt("Place.number" + i + "(Place.java:1)"), null);
        }
        meters.incident(leakAt("Place.number7(Place.java:1)"), null);

        assertThat(registry.find(MeterId.LEAKS.meterName()).counters()).hasSize(101);
        assertThat(registry.get(MeterId.LEAKS.meterName())
                        .tag("site", "Place.number7(Place.java:1)")
                        .counter()
                        .count())
                .isEqualTo(2);
        assertThat(registry.get(MeterId.LEAKS.meterName())
                        .tag("site", "others")
                        .counter()
                        .count())
                .isEqualTo(400);
    }

    @Test
    void aPlaceThatIsOnlyProbableIsToldAsSuch() {
        meters.incident(leakAt("Place.one(Place.java:1)", true, OutcomeKind.HEALED), null);
        assertThat(registry.get(MeterId.LEAKS.meterName())
                        .tag("site", "(probably) Place.one(Place.java:1)")
                        .counter()
                        .count())
                .isOne();
    }

    /** A schema for each tenant, a partition for each day. */
    @Test
    void lockWaitsAreToldByTableAndTheNumberOfTablesIsBounded() {
        for (int i = 0; i < 500; i++) {
            meters.incident(waitFor("public.part_" + i), null);
        }
        meters.incident(waitFor("public.part_7"), null);
        meters.incident(waitFor(null), null);

        assertThat(registry.find(MeterId.LOCK_WAIT.meterName()).timers()).hasSize(102);
        assertThat(waits("public.part_7")).isEqualTo(2);
        assertThat(waits("others")).isEqualTo(400);
        assertThat(waits("unknown")).isEqualTo(1);
    }

    private static Incident waitFor(String table) {
        return Incidents.of(DiagnosisKind.FOREIGN_BLOCKER)
                .waiters(List.of(new Incident.WaiterView(
                        1, true, "test", table, "transactionid", "ShareLock", Duration.ofSeconds(1), null)))
                .made();
    }

    /** More is known of it, and it is still one. */
    @Test
    void anIncidentThatIsToldAgainIsCountedOnce() {
        Incident first = Incidents.of(DiagnosisKind.FOREIGN_BLOCKER).made();
        meters.incident(first, null);
        meters.incident(waitFor("login"), first);
        meters.incident(waitFor("login"), waitFor("login"));

        assertThat(counted(DiagnosisKind.FOREIGN_BLOCKER, first.outcome())).isOne();
        assertThat(waits("login")).as("whoever has come to wait").isEqualTo(1);
    }

    /** How long they waited until the heal is what counts; a refutation of it is not another wait. */
    @Test
    void whoWaitedUntilTheHealIsCountedWithIt() {
        Incident healed = healedWhile("login");
        meters.incident(waitFor("login"), null);
        meters.incident(healed, waitFor("login"));
        assertThat(waits("login")).isEqualTo(2);
        meters.incident(healed.refuted(Instant.EPOCH), null);
        assertThat(waits("login")).isEqualTo(2);
    }

    private static Incident healedWhile(String table) {
        return Incidents.of(DiagnosisKind.FOREIGN_BLOCKER)
                .healed()
                .waiters(waitFor(table).waiters())
                .made();
    }

    /** Its owner looked alive at first, and was waited for. */
    @Test
    void whatTurnsOutToBeALeakIsCountedAsOne() {
        Incident alive = Incidents.of(DiagnosisKind.STUCK_LOCK)
                .outcome(OutcomeKind.WOULD_HEAL)
                .made();
        meters.incident(alive, null);
        meters.incident(leakAt("Place.one(Place.java:1)", OutcomeKind.WOULD_HEAL), alive);

        assertThat(counted(DiagnosisKind.ABANDONED_TRANSACTION, OutcomeKind.WOULD_HEAL))
                .isOne();
        assertThat(registry.get(MeterId.LEAKS.meterName()).counter().count()).isOne();
    }

    /** Its end is news, but its place has leaked once. */
    @Test
    void aLeakThatIsHealedAfterItWasToldIsOneLeak() {
        Incident observed = leakAt("Place.one(Place.java:1)", OutcomeKind.WOULD_HEAL);
        meters.incident(observed, null);
        meters.incident(leakAt("Place.one(Place.java:1)"), observed);

        assertThat(counted(DiagnosisKind.ABANDONED_TRANSACTION, OutcomeKind.WOULD_HEAL))
                .isOne();
        assertThat(counted(DiagnosisKind.ABANDONED_TRANSACTION, OutcomeKind.HEALED))
                .isOne();
        assertThat(registry.get(MeterId.LEAKS.meterName()).counter().count()).isOne();
    }

    private double counted(DiagnosisKind diagnosis, OutcomeKind outcome) {
        return registry.get(MeterId.INCIDENTS.meterName())
                .tags("diagnosis", diagnosis.name(), "outcome", outcome.name())
                .counter()
                .count();
    }

    private long waits(String table) {
        return registry.get(MeterId.LOCK_WAIT.meterName())
                .tag("table", table)
                .timer()
                .count();
    }

    @Test
    void incidentsAreToldByTheirEvidence() {
        meters.incident(leakAt("Place.one(Place.java:1)"), null);

        assertThat(registry.get(MeterId.EVIDENCE.meterName())
                        .tags("evidence", "OWNER_ENDED", "outcome", "HEALED", "data.source", "login")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get(MeterId.TIME_TO_HEAL.meterName())
                        .timer()
                        .takeSnapshot()
                        .histogramCounts())
                .as("buckets, for percentiles over all instances")
                .isNotEmpty();
    }
}
