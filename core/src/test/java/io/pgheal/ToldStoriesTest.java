package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnoses;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.Backend;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ToldStoriesTest {
    private static final Decision REPORT = new Decision(Action.REPORT, "test", false, false, Duration.ZERO);
    private static final Decision WOULD = new Decision(Action.WOULD_HEAL, "test", false, false, Duration.ZERO);

    private final ToldStories told = new ToldStories();
    private final AtomicInteger tellings = new AtomicInteger();

    private static Diagnosis of(int pid) {
        Backend hidden = new Backend(
                pid, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                false);
        return Diagnoses.of(DiagnosisKind.FOREIGN_BLOCKER).backend(hidden).made();
    }

    private void tell(int pid, Decision decision) {
        told.once(of(pid), decision, () -> "id", id -> tellings.incrementAndGet());
    }

    @Test
    void theSameStoryIsToldOnceAndAnotherDecisionIsAnotherStory() {
        tell(1, REPORT);
        tell(1, REPORT);
        assertThat(tellings).hasValue(1);
        tell(1, WOULD);
        tell(2, REPORT);
        assertThat(tellings).hasValue(3);
        assertThat(told.knows(of(2))).isTrue();
    }

    @Test
    void aThousandAreRemembered() {
        for (int pid = 1; pid <= 1001; pid++) {
            tell(pid, REPORT);
        }
        assertThat(told.knows(of(1))).isFalse();
        assertThat(told.knows(of(2))).isTrue();
        assertThat(told.knows(of(1001))).isTrue();
    }

    private void inVain(int pid, int times, Duration now) {
        told.inVain(of(pid), "id", OutcomeKind.UNRESOLVED, times, now.toNanos());
    }

    @Test
    void whatIsInVainPausesTwiceAsLongEachTimeUpToAMinute() {
        for (int times = 1; times <= 100; times++) {
            Duration now = Duration.ofHours(times);
            inVain(1, times, now);
            Duration pause = Duration.ofSeconds(times > 6 ? 60 : 1L << (times - 1));
            assertThat(told.pause(of(1), now.toNanos())).isEqualTo(pause);
            assertThat(told.pause(of(1), now.plus(pause).toNanos())).isZero();
            assertThat(told.timesInVain(of(1))).isEqualTo(times);
        }
        assertThat(told.pause(of(2), 0)).isZero();
    }

    /** Once is a race with the owner, and the next look is right; again and again would use up the budget. */
    @Test
    void aHealThatComesTooLatePausesFromTheSecondTimeOn() {
        for (int times = 1; times <= 10; times++) {
            told.inVain(of(1), "id", OutcomeKind.WITHDRAWN, times, 0);
            assertThat(told.pause(of(1), 0))
                    .isEqualTo(times == 1 ? Duration.ZERO : Duration.ofSeconds(Math.min(4, 1L << (times - 2))));
        }
        tell(1, WOULD);
        assertThat(tellings).as("nothing was told of it so far").hasValue(1);
    }

    /** The breaker may be open when its pause is over, or the budget used up. */
    @Test
    void whatIsInVainAndThenHeldBackIsNotToldAnewAndKeepsItsPauses() {
        inVain(1, 3, Duration.ZERO);
        tell(1, WOULD);
        assertThat(tellings).hasValue(0);
        tell(1, REPORT);
        assertThat(tellings).hasValue(1);
        assertThat(told.timesInVain(of(1))).isEqualTo(3);
        assertThat(told.wasInVain(of(1), OutcomeKind.UNRESOLVED)).isTrue();
    }
}
