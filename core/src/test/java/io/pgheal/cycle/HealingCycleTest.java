package io.pgheal.cycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.HealingConfig;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.decide.HealingMode;
import io.pgheal.detect.Detector;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.heal.Safeguards;
import io.pgheal.postgres.BackendId;
import io.pgheal.report.IncidentJournal;
import io.pgheal.report.Metrics;
import io.pgheal.thread.Crew;
import io.pgheal.track.Lease;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.OwnerState;
import io.pgheal.track.Pool;
import io.pgheal.track.Snapshots;
import io.pgheal.track.Ticker;
import io.pgheal.witness.Testimony;
import io.pgheal.witness.Witness;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HealingCycleTest {
    private static final Decision CERTAIN = new Decision(Action.HEAL, "test", true, true, Duration.ZERO);

    private final Safeguards safeguards = new Safeguards("test", 100, 100);
    private boolean fails = true;

    private final Ticker ticker = new Ticker() {
        @Override
        public Instant instant() {
            if (fails) {
                throw new OutOfMemoryError("made up");
            }
            return super.instant();
        }
    };

    private final Witness witness = Witness.by(ticker);
    private HealingMode mode = HealingMode.HEAL;

    private Servers noServer() {
        return new Servers(
                "test",
                () -> {
                    throw new SQLException("no server here", "08001");
                },
                ticker,
                Duration.ofMillis(10));
    }

    private HealingCycle cycle(Servers servers) {
        return new HealingCycle(
                HealingConfig::defaults,
                new LeaseRegistry("test", new Pool.UnknownPool(() -> 0), true, 0, ticker, () -> false),
                servers,
                safeguards,
                new IncidentJournal("test", ticker, 10, Metrics.NONE, null, List.of(), Crew.NEWS),
                () -> mode,
                ticker,
                witness);
    }

    @Test
    void whereItIsSwitchedOffTheCollectorIsNotAsked() {
        try (Servers servers = noServer()) {
            HealingCycle cycle = cycle(servers);
            mode = HealingMode.OFF;
            assertThat(cycle.ask(true)).isNull();
            mode = HealingMode.OBSERVE;
            assertThat(cycle.ask(true)).isNotNull();
        }
    }

    /** A collection of its own was sooner; asking in vain would keep the next leak waiting. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsFoundMeanwhileIsNotAskedFor(boolean found) {
        fails = false;
        Runnable listener = () -> {};
        witness.onAnswer(listener);
        Lease lease = Snapshots.leaseOn(new BackendId(7, "2026-01-01T00:00:00Z"));
        AbandonedLease suspected = Detector.abandoned(Snapshots.lease()
                        .of(lease)
                        .owner(OwnerState.ENDED)
                        .quietFor(Duration.ofMinutes(1))
                        .snapshot())
                .orElseThrow();
        if (found) {
            Snapshots.foundUnreachable(lease);
        }
        try (Servers servers = noServer()) {
            cycle(servers).abandoned(suspected, List.of(suspected.lease()), Set.of());
        } finally {
            witness.leave(listener); // the collector is everybody's
        }
        Testimony now = witness.testimony();
        assertThat(now.asked() == 1 || !now.silent().isEmpty())
                .as("asked, or refused: %s", now)
                .isEqualTo(!found);
    }

    @Test
    void anErrorBeforeAHealDoesNotUseUpTheBreakersOneTrial() {
        try (Servers servers = noServer()) {
            safeguards.breaker().transitionToOpenState();
            safeguards.breaker().transitionToHalfOpenState();
            AbandonedLease abandoned = Detector.abandoned(Snapshots.lease()
                            .of(Snapshots.leaseOn(new BackendId(7, "2026-01-01T00:00:00Z")))
                            .unreachable()
                            .snapshot())
                    .orElseThrow();
            assertThatThrownBy(() -> cycle(servers).abandoned(abandoned, List.of(abandoned.lease()), Set.of()))
                    .isInstanceOf(OutOfMemoryError.class);

            assertThat(safeguards.permit(CERTAIN).action()).isEqualTo(Action.HEAL);
        }
    }
}
