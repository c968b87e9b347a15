package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.track.StateWord.Closing;
import org.junit.jupiter.api.Test;

class StateWordTest {
    private final StateWord state = new StateWord();

    @Test
    void aCallThatBeganSinceTheJudgementHoldsTheFence() {
        long judged = StateWord.sequence(state.word());
        assertThat(state.tryEnter()).isTrue();
        assertThat(state.tryRevoke(judged, false)).isFalse();
        state.exit();
        assertThat(state.tryRevoke(judged, false)).isFalse();
        assertThat(state.tryRevoke(judged + 1, false)).isTrue();
        assertThat(state.tryEnter()).isFalse();
        assertThat(state.tryClose()).isEqualTo(Closing.ENDED);
    }

    @Test
    void aCallInProgressHoldsTheFenceUnlessItIsStale() {
        state.tryEnter();
        assertThat(state.tryRevoke(1, false)).isFalse();
        assertThat(state.tryRevoke(1, true)).isTrue();
    }

    @Test
    void aCloseWithACallInProgressIsACut() {
        state.tryEnter();
        assertThat(state.tryClose()).isEqualTo(Closing.CUT);
        assertThat(state.tryClose()).isEqualTo(Closing.ENDED);
        assertThat(state.tryTake(true)).isFalse();
    }

    @Test
    void aCleanCloseEndsEverything() {
        assertThat(state.tryClose()).isEqualTo(Closing.CLEAN);
        assertThat(state.tryEnter()).isFalse();
        assertThat(state.tryRevoke(0, true)).isFalse();
        assertThat(StateWord.isFenced(state.word())).isTrue();
    }

    @Test
    void aPoisonedOneIsTakenOnce() {
        state.tryEnter();
        state.exitPoisoned();
        assertThat(StateWord.callsInProgress(state.word())).isZero();
        assertThat(state.tryEnter()).isFalse();
        assertThat(StateWord.isCut(state.word())).isTrue();
        assertThat(state.tryTake(false)).isTrue();
        assertThat(state.tryTake(false)).isFalse();
        assertThat(StateWord.isCut(state.word())).isTrue();
        state.tryClose();
        assertThat(StateWord.isCut(state.word())).isFalse();
    }

    @Test
    void theSequenceWrapsWithoutTouchingTheRest() {
        for (int i = 0; i < 1000; i++) {
            state.tryEnter();
            state.exit();
        }
        assertThat(StateWord.sequence(state.word())).isEqualTo(1000);
        assertThat(StateWord.callsInProgress(state.word())).isZero();
    }

    @Test
    void onlyWhatIsPoisonedOrWasRefusedItsCloseIsTaken() {
        assertThat(state.tryTake(true)).isFalse();
        state.tryEnter();
        state.poison();
        assertThat(state.tryTake(false)).as("a call is in progress").isFalse();
        assertThat(state.tryTake(true)).isTrue();
        StateWord refused = new StateWord();
        refused.refuseClose();
        assertThat(refused.tryTake(false)).isTrue();
    }
}
