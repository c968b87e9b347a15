package io.pgheal.cycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.HealingConfig;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.decide.HealingMode;
import io.pgheal.diagnose.Diagnoses;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Safeguards;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentJournal;
import io.pgheal.report.Metrics;
import io.pgheal.thread.CrewSeam;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.Pool;
import io.pgheal.track.Ticker;
import io.pgheal.witness.Witness;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The loop without a server, and without leases. */
class HealingLoopTest {
    private final Ticker ticker = Ticker.system();
    private final Witness witness = Witness.by(ticker);
    private final LeaseRegistry registry =
            new LeaseRegistry("test", new Pool.UnknownPool(() -> 0), true, 0, ticker, () -> false);
    private final Servers servers = new Servers(
            "test",
            () -> {
                throw new SQLException("no server here", "08001");
            },
            ticker,
            Duration.ofMillis(10));
    private final List<Incident> told = new CopyOnWriteArrayList<>();

    private HealingLoop loopWith(IncidentJournal journal) {
        HealingCycle cycle = new HealingCycle(
                HealingConfig::defaults,
                registry,
                servers,
                new Safeguards("test", 100, 100),
                journal,
                () -> HealingMode.HEAL,
                ticker,
                witness);
        return new HealingLoop(
                "test",
                HealingConfig::defaults,
                registry,
                cycle,
                new ActThread("test", ticker, Duration.ofSeconds(20)),
                servers,
                journal,
                ticker,
                Metrics.NONE,
                new Refutations("test", journal, registry, () -> 1, new AlwaysHealing()),
                witness);
    }

    private static final class AlwaysHealing implements Refutations.Modes {
        @Override
        public HealingMode mode() {
            return HealingMode.HEAL;
        }

        @Override
        public void mode(HealingMode next) {}
    }

    private static Incident publish(IncidentJournal journal) {
        return journal.publish(
                journal.nextId(),
                Diagnoses.of(DiagnosisKind.FOREIGN_BLOCKER).made(),
                new Decision(Action.REPORT, "test", false, false, Duration.ZERO),
                Outcome.untouched(OutcomeKind.REPORTED),
                null,
                null);
    }

    /** No thread could be started when it was published, and no further incident comes. */
    @Test
    void aListenerIsToldAsSoonAsThereIsAThread() {
        AtomicInteger asked = new AtomicInteger();
        ThreadFactory refusesOnce = work -> {
            if (asked.getAndIncrement() == 0) {
                throw new IllegalStateException("as if there were no more threads");
            }
            Thread thread = new Thread(work, "loop-test");
            thread.setDaemon(true);
            return thread;
        };
        try (IncidentJournal journal = new IncidentJournal(
                        "test", ticker, 10, Metrics.NONE, null, List.of(told::add), CrewSeam.by(refusesOnce));
                HealingLoop loop = loopWith(journal)) {
            Incident incident = publish(journal);
            assertThat(asked.get()).isOne();
            assertThat(told).isEmpty();
            loop.start();
            await().until(() -> !told.isEmpty());
            assertThat(told).containsExactly(incident);
        }
    }
}
