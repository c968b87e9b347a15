package io.pgheal.detect;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.track.OwnerState;
import io.pgheal.track.Snapshots;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Every row and every condition of the evidence table. */
class DetectorTest {
    private static final String ERROR = "java.lang.StackOverflowError";

    private static Strength strength(Snapshots lease) {
        return look(lease).map(AbandonedLease::strength).orElse(Strength.NONE);
    }

    private static Optional<AbandonedLease> look(Snapshots lease) {
        return Detector.abandoned(lease.snapshot());
    }

    @Test
    void aLiveOwnerIsNoSymptom() {
        assertThat(look(Snapshots.lease())).isEmpty();
        assertThat(look(Snapshots.lease().failedBy(ERROR))).isEmpty();
    }

    @Test
    void aCollectedHandleIsCertainAlsoWithACallInProgressAndWithoutATransaction() {
        assertThat(strength(Snapshots.lease().unreachable())).isEqualTo(Strength.CERTAIN);
        assertThat(strength(Snapshots.lease().unreachable().inCall(true))).isEqualTo(Strength.CERTAIN);
        assertThat(strength(Snapshots.lease().unreachable().withoutTransaction()))
                .isEqualTo(Strength.CERTAIN);
        assertThat(strength(Snapshots.lease().unreachable().moved())).isEqualTo(Strength.CERTAIN);
    }

    @Test
    void whatWasUnwrappedIsNeverJudged() {
        assertThat(look(Snapshots.lease().unreachable().unwrapped())).isEmpty();
        assertThat(look(Snapshots.lease().owner(OwnerState.ENDED).unwrapped())).isEmpty();
    }

    @Test
    void theEndOfAScopeIsCertainOnlyIfItWasThrownOrTheApplicationsOwn() {
        assertThat(strength(Snapshots.lease().scopeEnd(ERROR, false, false, false)))
                .isEqualTo(Strength.CERTAIN);
        assertThat(strength(Snapshots.lease().scopeEnd(null, true, false, false)))
                .isEqualTo(Strength.CERTAIN);
        assertThat(strength(Snapshots.lease().scopeEnd(null, false, false, false)))
                .isEqualTo(Strength.SUSPICION);
    }

    @Test
    void theEndOfAScopeProvesNothingOfALeaseThatAnotherThreadCalled() {
        assertThat(strength(Snapshots.lease().calledElsewhere().scopeEnd(ERROR, true, false, false)))
                .isEqualTo(Strength.SUSPICION);
        assertThat(strength(Snapshots.lease().calledElsewhere().unreachable())).isEqualTo(Strength.CERTAIN);
    }

    /** What the application says itself needs no record of the place. */
    @Test
    void whereLeasesMoveTheEndOfAFrameworksScopeIsButASuspicion() {
        assertThat(strength(Snapshots.lease().ofAPlaceThatMoves().scopeEnd(ERROR, false, false, false)))
                .isEqualTo(Strength.SUSPICION);
        assertThat(strength(Snapshots.lease().ofAPlaceThatMoves().scopeEnd(null, true, false, false)))
                .isEqualTo(Strength.CERTAIN);
    }

    @Test
    void aScopeInsideATransactionSaysNothingOfItsLeases() {
        assertThat(look(Snapshots.lease().scopeEnd(ERROR, true, true, false))).isEmpty();
    }

    @Test
    void asynchronousWorkOrNoTransactionMakeItASuspicionAtMost() {
        assertThat(strength(Snapshots.lease().scopeEnd(ERROR, true, false, true)))
                .isEqualTo(Strength.SUSPICION);
        assertThat(strength(Snapshots.lease().withoutTransaction().scopeEnd(ERROR, true, false, false)))
                .isEqualTo(Strength.SUSPICION);
    }

    @Test
    void aLeaseThatMovesBetweenThreadsIsJudgedNeitherByThreadsNorByScopes() {
        assertThat(look(Snapshots.lease().moved().scopeEnd(ERROR, true, false, false)))
                .isEmpty();
        assertThat(look(Snapshots.lease().moved().owner(OwnerState.ENDED))).isEmpty();
    }

    @Test
    void anOwnerThatIsGoneIsASuspicion() {
        assertThat(strength(Snapshots.lease().owner(OwnerState.ENDED))).isEqualTo(Strength.SUSPICION);
    }

    @Test
    void aCallInProgressIsLifeUnlessItIsStale() {
        assertThat(look(Snapshots.lease().owner(OwnerState.ENDED).inCall(false)))
                .isEmpty();
        assertThat(strength(Snapshots.lease().owner(OwnerState.ENDED).inCall(true)))
                .isEqualTo(Strength.SUSPICION);
    }

    @Test
    void anErrorIsToldWithTheStoryAndProvesNothing() {
        var symptom =
                look(Snapshots.lease().owner(OwnerState.ENDED).failedBy(ERROR)).orElseThrow();
        assertThat(symptom.evidence())
                .anyMatch(evidence -> evidence.kind() == EvidenceKind.FATAL_ERROR
                        && evidence.strength() == Strength.NONE
                        && evidence.detail().equals(ERROR));
        assertThat(symptom.strength()).isEqualTo(Strength.SUSPICION);
    }
}
