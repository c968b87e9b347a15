package io.pgheal.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnoses;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.thread.Crew;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class IncidentJournalTest {
    private final IncidentJournal journal =
            new IncidentJournal("test", Ticker.system(), 3, Metrics.NONE, null, List.of(), Crew.NEWS);

    private String tell() {
        return tell(journal);
    }

    private static String tell(IncidentJournal journal) {
        Diagnosis foreign = Diagnoses.of(DiagnosisKind.FOREIGN_BLOCKER).made();
        Decision reported = new Decision(Action.REPORT, "test", false, false, Duration.ZERO);
        return journal.publish(journal.nextId(), foreign, reported, Outcome.untouched(OutcomeKind.REPORTED), null, null)
                .id();
    }

    @Test
    void keepsTheLastOnesTheNewestFirst() {
        List<String> told = List.of(tell(), tell(), tell(), tell(), tell());
        assertThat(journal.last()).extracting(Incident::id).containsExactly(told.get(4), told.get(3), told.get(2));
        assertThat(journal.keeps(told.get(0))).isFalse();
        assertThat(journal.refute(told.get(0))).isEmpty();
    }

    @Test
    void oneIsRefutedOnce() {
        String id = tell();
        assertThat(journal.refute(id)).isPresent();
        assertThat(journal.last()).extracting(Incident::outcome).containsExactly(OutcomeKind.REFUTED);
        assertThat(journal.refute(id)).isEmpty();
    }

    /** Its owner came back before the end of its heal was told. */
    @Test
    void aRefutationOutlivesTheEndOfItsHeal() {
        Incident healed =
                Incidents.of(DiagnosisKind.ABANDONED_TRANSACTION).healed().made();
        journal.publishAgain(healed);
        Incident refuted = journal.refute(healed.id()).orElseThrow();
        journal.publishAgain(healed);
        journal.publishAgain(refuted);
        assertThat(journal.last()).extracting(Incident::outcome).containsExactly(OutcomeKind.REFUTED);
    }

    @Test
    void aListenerThatBlocksKeepsABoundedNumberWaiting() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger heard = new AtomicInteger();
        IncidentListener blocked = incident -> {
            try {
                goOn.await();
                heard.incrementAndGet();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        try (IncidentJournal listened =
                new IncidentJournal("test", Ticker.system(), 3, Metrics.NONE, null, List.of(blocked), Crew.NEWS)) {
            for (int i = 0; i < 400; i++) {
                tell(listened);
            }
            goOn.countDown();
            await().until(() -> heard.get() >= 256);
            assertThat(heard.get()).isLessThanOrEqualTo(257);
        }
    }
}
