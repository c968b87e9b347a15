package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.track.StateWord.Closing;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;
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
        assertThat(state.callsInProgress()).isZero();
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
        assertThat(state.callsInProgress()).isZero();
    }

    /** The owner's calls are counted apart, and the counts wrap. */
    @Test
    void allCallsAreOverHoweverTheyEnded() {
        for (int i = 0; i < 200_000; i++) {
            assertThat(state.tryEnter()).isTrue();
            if (i % 3 == 0) {
                state.tryEnter();
                state.exit();
            }
            if (state.callsInProgress() != 1) {
                assertThat(state).hasToString("one call in progress");
            }
            state.exitOwn();
        }
        assertSays();
        assertThat(state.callsInProgress()).isZero();
        assertThat(state.tryEnter()).isTrue();
        state.exitPoisoned();
        assertThat(state.callsInProgress()).isZero();
        assertSays("poisoned");
        assertThat(StateWord.sequence(state.word())).isEqualTo(266_668);
    }

    @Test
    void theEndOfOthersCallsTakesNoFlagAway() {
        state.tryEnter();
        state.exitOwn();
        state.refuseClose();
        state.tryEnter();
        state.exit();
        assertSays("close refused");
        state.tryEnter();
        state.tryRevoke(3, true);
        state.exitOwn();
        assertSays("revoked", "taken", "close refused");
        assertThat(state.callsInProgress()).isZero();
    }

    /** What was read before a call of the owner came and went is no proof that none is in progress. */
    @Test
    void anOldWordShowsACallInProgressRatherThanNone() {
        state.tryEnter();
        state.exitOwn();
        long old = state.word();
        state.tryEnter();
        state.exitOwn();
        assertThat(state.callsInProgress(old)).isNotZero();
        assertThat(state.callsInProgress()).isZero();
    }

    /** The other way round it happens, too, where two threads call: only a step that changes the word decides. */
    @Test
    void anOldWordMayHideACallOfAnotherThreadButFencesNothing() {
        state.tryEnter(); // another thread's, which goes on
        long old = state.word();
        state.tryEnter();
        state.exitOwn();
        assertThat(state.callsInProgress(old)).isZero();
        assertThat(state.callsInProgress()).isOne();
        assertThat(state.tryRevoke(StateWord.sequence(old), false)).isFalse();
        state.poison();
        assertThat(state.tryTake(false)).isFalse();
        assertThat(state.tryClose()).isEqualTo(StateWord.Closing.CUT);
    }

    @Test
    void theFenceLeavesTheCallsAsTheyWere() {
        state.tryEnter();
        state.tryEnter();
        assertThat(state.tryRevoke(2, true)).isTrue();
        assertSays("revoked", "taken");
        assertThat(StateWord.sequence(state.word())).isEqualTo(2);
        assertThat(state.callsInProgress()).isEqualTo(2);
        assertThat(StateWord.isFenced(state.word())).isTrue();
        assertThat(state.tryRevoke(2, true)).as("once").isFalse();
    }

    @Test
    void aCloseLeavesTheCallsAsTheyWere() {
        state.tryEnter();
        assertSays();
        assertThat(StateWord.isFenced(state.word())).isFalse();
        state.exit();
        state.tryEnter();
        assertSays();
        assertThat(StateWord.isFenced(state.word())).isFalse();
        assertThat(state.tryClose()).isEqualTo(Closing.CUT);
        assertSays("closed", "taken");
        assertThat(StateWord.sequence(state.word())).isEqualTo(2);
        assertThat(state.callsInProgress()).isEqualTo(1);
    }

    /** It is given back once: by whoever fenced it. */
    @Test
    void aCloseAfterTheFenceIsSeenAndGivesNothingBack() {
        state.tryRevoke(0, false);
        assertThat(state.tryClose()).isEqualTo(Closing.ENDED);
        assertSays("revoked", "closed", "taken");
        assertThat(state.tryClose()).isEqualTo(Closing.ENDED);
    }

    @Test
    void aCloseOfAPoisonedOneIsACut() {
        state.tryEnter();
        state.exit();
        state.tryEnter();
        state.exitPoisoned();
        assertSays("poisoned");
        assertThat(StateWord.sequence(state.word())).isEqualTo(2);
        assertThat(StateWord.isFenced(state.word())).isTrue();
        assertThat(state.tryClose()).isEqualTo(Closing.CUT);
        assertSays("poisoned", "closed", "taken");
    }

    @Test
    void whatWasTakenCanNeitherBeFencedNorGivenBackAgain() {
        state.tryEnter();
        state.exit();
        state.tryEnter();
        assertThat(state.tryTake(true)).as("nothing cut it").isFalse();
        state.exitPoisoned();
        assertThat(state.tryTake(false)).isTrue();
        assertSays("poisoned", "taken");
        assertThat(StateWord.sequence(state.word())).isEqualTo(2);
        assertThat(state.tryRevoke(2, true)).isFalse();
        assertThat(state.tryClose()).isEqualTo(Closing.ENDED);
    }

    @Test
    void aCloseThatWasRefusedLeavesTheLeaseAtWork() {
        state.refuseClose();
        assertSays("close refused");
        assertThat(StateWord.isFenced(state.word())).isFalse();
        assertThat(state.tryEnter()).isTrue();
        assertThat(state.tryTake(false)).as("a call is in progress").isFalse();
        state.exit();
        assertThat(StateWord.sequence(state.word())).isEqualTo(1);
        assertThat(state.tryClose()).as("asked again, with more stack").isEqualTo(Closing.CLEAN);
    }

    @Test
    void aFencedOneIsNotCut() {
        state.poison();
        assertThat(StateWord.isCut(state.word())).isTrue();
        assertThat(state.tryRevoke(0, false)).isTrue();
        assertThat(StateWord.isCut(state.word())).isFalse();
        assertThat(StateWord.isCut(new StateWord().word())).isFalse();
    }

    @Test
    void onlyWhatIsPoisonedOrWasRefusedItsCloseIsTaken() {
        assertThat(state.tryTake(true)).isFalse();
        state.tryEnter();
        assertThat(state.tryTake(true)).as("after one call").isFalse();
        state.poison();
        assertThat(state.tryTake(false)).as("a call is in progress").isFalse();
        assertThat(state.tryTake(true)).isTrue();
        StateWord refused = new StateWord();
        refused.refuseClose();
        assertThat(refused.tryTake(false)).isTrue();
    }

    /** All flags, and no other ones. */
    private void assertSays(String... flags) {
        long word = state.word();
        Set<String> said = new LinkedHashSet<>();
        add(said, StateWord.isPoisoned(word), "poisoned");
        add(said, StateWord.isRevoked(word), "revoked");
        add(said, StateWord.isClosed(word), "closed");
        add(said, StateWord.isTaken(word), "taken");
        add(said, StateWord.isCloseRefused(word), "close refused");
        assertThat(said).containsExactly(flags);
        assertThat(state.toString())
                .isEqualTo("sequence " + StateWord.sequence(word) + ", calls in progress "
                        + state.callsInProgress()
                        + said.stream().map(flag -> ", " + flag).collect(Collectors.joining()));
    }

    private static void add(Set<String> said, boolean isSet, String flag) {
        if (isSet) {
            said.add(flag);
        }
    }
}
