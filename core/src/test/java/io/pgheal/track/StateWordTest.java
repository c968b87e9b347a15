package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.track.StateWord.Closing;
import org.junit.jupiter.api.Test;

class StateWordTest {
    private final StateWord word = new StateWord();

    @Test
    void aCallThatBeganSinceTheJudgementHoldsTheFence() {
        long judged = StateWord.sequence(word.read());
        assertThat(word.tryEnter()).isTrue();
        assertThat(word.tryRevoke(judged, false)).isFalse();
        word.exit();
        assertThat(word.tryRevoke(judged, false)).isFalse();
        assertThat(word.tryRevoke(judged + 1, false)).isTrue();
        assertThat(word.tryEnter()).isFalse();
        assertThat(word.close()).isEqualTo(Closing.ENDED);
    }

    @Test
    void aCallInProgressHoldsTheFenceUnlessItIsStale() {
        word.tryEnter();
        assertThat(word.tryRevoke(1, false)).isFalse();
        assertThat(word.tryRevoke(1, true)).isTrue();
    }

    @Test
    void aCloseWithACallInProgressIsACut() {
        word.tryEnter();
        assertThat(word.close()).isEqualTo(Closing.CUT);
        assertThat(word.close()).isEqualTo(Closing.ENDED);
        assertThat(word.tryTake(true)).isFalse();
    }

    @Test
    void aCleanCloseEndsEverything() {
        assertThat(word.close()).isEqualTo(Closing.CLEAN);
        assertThat(word.tryEnter()).isFalse();
        assertThat(word.tryRevoke(0, true)).isFalse();
        assertThat(StateWord.isFenced(word.read())).isTrue();
    }

    @Test
    void aPoisonedOneIsTakenOnce() {
        word.tryEnter();
        word.exitPoisoned();
        assertThat(StateWord.callsInProgress(word.read())).isZero();
        assertThat(word.tryEnter()).isFalse();
        assertThat(StateWord.isCut(word.read())).isTrue();
        assertThat(word.tryTake(false)).isTrue();
        assertThat(word.tryTake(false)).isFalse();
        assertThat(StateWord.isCut(word.read())).isTrue();
        word.close();
        assertThat(StateWord.isCut(word.read())).isFalse();
    }

    @Test
    void theSequenceWrapsWithoutTouchingTheRest() {
        for (int i = 0; i < 1000; i++) {
            word.tryEnter();
            word.exit();
        }
        assertThat(StateWord.sequence(word.read())).isEqualTo(1000);
        assertThat(StateWord.callsInProgress(word.read())).isZero();
    }

    @Test
    void onlyWhatIsPoisonedOrWasRefusedItsCloseIsTaken() {
        assertThat(word.tryTake(true)).isFalse();
        word.tryEnter();
        word.poison();
        assertThat(word.tryTake(false)).as("a call is in progress").isFalse();
        assertThat(word.tryTake(true)).isTrue();
        StateWord refused = new StateWord();
        refused.refuseClose();
        assertThat(refused.tryTake(false)).isTrue();
    }
}
