package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BorrowSitesTest {
    private final BorrowSites sites = new BorrowSites();

    @Test
    void forgetsThePlaceThatWasTouchedLongestAgo() {
        for (int i = 0; i <= 1000; i++) {
            sites.learnMove("site " + i);
        }
        assertThat(sites.moving()).hasSize(1000);
        assertThat(sites.moves("site 0")).isFalse();
        assertThat(sites.moves("site 1000")).isTrue();
    }

    // ---- how long a statement runs before it is asked about

    private static final Duration USUAL = Duration.ofMillis(500);

    private static Duration ms(int millis) {
        return Duration.ofMillis(millis);
    }

    @Test
    void aFailedWaitTeachesHalfOfItsTime() {
        sites.learnFailedWait("here", ms(300), USUAL);
        assertThat(sites.threshold("here", USUAL)).isEqualTo(ms(150));
        assertThat(sites.threshold("there", USUAL)).isEqualTo(USUAL);
        assertThat(sites.shortestThreshold(USUAL)).isEqualTo(ms(150));
        sites.learnFailedWait("here", ms(100), USUAL);
        assertThat(sites.threshold("here", USUAL)).isEqualTo(ms(50));
        sites.learnFailedWait("here", ms(900), USUAL);
        assertThat(sites.threshold("here", USUAL)).isEqualTo(ms(50));
    }

    @Test
    void theLearnedThresholdIsNeverUnderTwentyMillisecondsNorAboveTheUsual() {
        sites.learnFailedWait("here", Duration.ZERO, USUAL);
        assertThat(sites.threshold("here", USUAL)).isEqualTo(ms(20));
        sites.learnFailedWait("slow", Duration.ofSeconds(30), USUAL);
        assertThat(sites.threshold("slow", USUAL)).isEqualTo(USUAL);
        sites.learnFailedWait("here", ms(10), ms(15));
        assertThat(sites.threshold("quick", ms(15))).isEqualTo(ms(15));
    }

    @Test
    void aPlaceThatIsAskedAboutInVainHasItsUsualThresholdAgain() {
        sites.learnFailedWait("here", ms(200), USUAL);
        sites.learnAskedInVain("here", USUAL);
        assertThat(sites.threshold("here", USUAL)).isEqualTo(ms(200));
        sites.learnAskedInVain("here", USUAL);
        sites.learnAskedInVain("here", USUAL);
        assertThat(sites.threshold("here", USUAL)).isEqualTo(USUAL);
        assertThat(sites.hasLearnedThresholds()).isFalse();
    }

    @Test
    void withoutAPlaceNothingIsLearned() {
        sites.learnFailedWait("", ms(200), USUAL);
        assertThat(sites.hasLearnedThresholds()).isFalse();
    }

    @Test
    void anUnseenHolderIsToldOnceInAWhileForEachPlace() {
        long now = -5;
        assertThat(sites.unseenHoldersToTell("here", now)).isOne();
        assertThat(sites.unseenHoldersToTell("there", now)).isOne();
        assertThat(sites.unseenHoldersToTell("here", now + Duration.ofMinutes(9).toNanos()))
                .isZero();
        assertThat(sites.unseenHoldersToTell(
                        "here", now + Duration.ofMinutes(10).toNanos()))
                .isEqualTo(2);
    }
}
