package io.pgheal.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pgheal.detect.Evidence;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.TransactionEnd;
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
        return new Incident(
                "1",
                Instant.EPOCH,
                "login",
                DiagnosisKind.ABANDONED_TRANSACTION,
                List.of(new Evidence(EvidenceKind.OWNER_ENDED, Strength.STRONG, Duration.ZERO, "its thread is gone")),
                List.of(),
                false,
                null,
                null,
                List.of(),
                List.of(),
                "HEAL",
                "test",
                List.of(),
                OutcomeKind.HEALED,
                TransactionEnd.ROLLED_BACK,
                Duration.ofMillis(3),
                null,
                Duration.ZERO,
                new LeaseView(1, 1, true, false, Duration.ZERO, Duration.ZERO, null, List.of(site), List.of()),
                null);
    }

    @Test
    void leaksAreToldByPlaceAndTheNumberOfPlacesIsBounded() {
        for (int i = 0; i < 500; i++) {
            meters.incident(leakAt("Place.number" + i + "(Place.java:1)"));
        }
        meters.incident(leakAt("Place.number7(Place.java:1)"));

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
    void incidentsAreToldByTheirEvidence() {
        meters.incident(leakAt("Place.one(Place.java:1)"));

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
