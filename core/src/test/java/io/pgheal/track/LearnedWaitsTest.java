package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LearnedWaitsTest {
    private final LearnedWaits waits = new LearnedWaits();

    @Test
    void forgetsTheStatementThatWasLookedUpLongestAgo() {
        for (int i = 0; i <= 1000; i++) {
            waits.learnFailedWait("statement " + i, ms(100), USUAL);
        }
        assertThat(waits.threshold("statement 0", USUAL)).isEqualTo(USUAL);
        assertThat(waits.threshold("statement 1", USUAL)).isEqualTo(ms(50));
    }

    /** As long as one is known, the loop looks every few milliseconds. */
    @Test
    void theShortestThresholdIsForgottenWithItsStatement() {
        waits.learnFailedWait("here", ms(100), USUAL);
        for (int i = 0; i < 1000; i++) {
            waits.unseenHoldersToTell("statement " + i, 0);
        }
        assertThat(waits.threshold("here", USUAL)).isEqualTo(USUAL);
        assertThat(waits.hasThresholds()).isFalse();
    }

    // ---- how long a statement runs before it is asked about

    private static final Duration USUAL = Duration.ofMillis(500);

    private static Duration ms(int millis) {
        return Duration.ofMillis(millis);
    }

    @Test
    void aFailedWaitTeachesHalfOfItsTime() {
        waits.learnFailedWait("here", ms(300), USUAL);
        assertThat(waits.threshold("here", USUAL)).isEqualTo(ms(150));
        assertThat(waits.threshold("there", USUAL)).isEqualTo(USUAL);
        assertThat(waits.shortestThreshold(USUAL)).isEqualTo(ms(150));
        waits.learnFailedWait("here", ms(100), USUAL);
        assertThat(waits.threshold("here", USUAL)).isEqualTo(ms(50));
        waits.learnFailedWait("here", ms(900), USUAL);
        assertThat(waits.threshold("here", USUAL)).isEqualTo(ms(50));
    }

    @Test
    void theLearnedThresholdIsNeverUnderTwentyMillisecondsNorAboveTheUsual() {
        waits.learnFailedWait("here", Duration.ZERO, USUAL);
        assertThat(waits.threshold("here", USUAL)).isEqualTo(ms(20));
        waits.learnFailedWait("slow", Duration.ofSeconds(30), USUAL);
        assertThat(waits.threshold("slow", USUAL)).isEqualTo(USUAL);
        waits.learnFailedWait("here", ms(10), ms(15));
        assertThat(waits.threshold("quick", ms(15))).isEqualTo(ms(15));
    }

    @Test
    void aStatementThatIsAskedAboutInVainHasItsUsualThresholdAgain() {
        waits.learnFailedWait("here", ms(200), USUAL);
        waits.learnAskedInVain("here", USUAL);
        assertThat(waits.threshold("here", USUAL)).isEqualTo(ms(200));
        waits.learnAskedInVain("here", USUAL);
        waits.learnAskedInVain("here", USUAL);
        assertThat(waits.threshold("here", USUAL)).isEqualTo(USUAL);
        assertThat(waits.hasThresholds()).isFalse();
    }

    @Test
    void withoutAStatementNothingIsLearned() {
        waits.learnFailedWait("", ms(200), USUAL);
        assertThat(waits.hasThresholds()).isFalse();
    }

    @Test
    void anUnseenHolderIsToldOnceInAWhileForEachStatement() {
        long now = -5;
        assertThat(waits.unseenHoldersToTell("here", now)).isOne();
        assertThat(waits.unseenHoldersToTell("there", now)).isOne();
        assertThat(waits.unseenHoldersToTell("here", now + Duration.ofMinutes(9).toNanos()))
                .isZero();
        assertThat(waits.unseenHoldersToTell(
                        "here", now + Duration.ofMinutes(10).toNanos()))
                .isEqualTo(2);
    }
}
