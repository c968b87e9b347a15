package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.postgres.Backend;
import java.time.Duration;
import java.util.List;
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
        return new Diagnosis(
                DiagnosisKind.FOREIGN_BLOCKER, null, List.of(), null, hidden, List.of(), List.of(), false, null);
    }

    private void tell(int pid, Decision decision) {
        told.once(of(pid), decision, () -> Integer.toString(tellings.incrementAndGet()));
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
}
