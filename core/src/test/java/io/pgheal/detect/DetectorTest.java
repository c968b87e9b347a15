package io.pgheal.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.track.OwnerState;
import io.pgheal.track.Snapshots;
import java.time.Duration;
import java.util.List;
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

    /** What is done by the pool, or by its transaction manager, is not seen. */
    @Test
    void whatWasClosedIsNeverJudged() {
        assertThat(look(Snapshots.lease().unreachable().closed())).isEmpty();
        assertThat(look(Snapshots.lease().owner(OwnerState.ENDED).closed())).isEmpty();
    }

    /** Its transaction may go on elsewhere, without this connection object. */
    @Test
    void withinAGlobalTransactionNothingIsCertain() {
        assertThat(strength(Snapshots.lease().enlisted().unreachable())).isEqualTo(Strength.SUSPICION);
        assertThat(strength(Snapshots.lease().enlisted().scopeEnd(ERROR, true, false, false)))
                .isEqualTo(Strength.SUSPICION);
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
    void theEndOfAScopeIsToldWithWhatEndedIt() {
        var thrown =
                look(Snapshots.lease().scopeEnd(ERROR, false, false, false)).orElseThrow();
        assertThat(thrown.evidence()).singleElement().satisfies(evidence -> {
            assertThat(evidence.kind()).isEqualTo(EvidenceKind.SCOPE_ENDED);
            assertThat(evidence.detail()).isEqualTo("GET / ended by " + ERROR);
        });
        var ordinary =
                look(Snapshots.lease().scopeEnd(null, false, false, false)).orElseThrow();
        assertThat(ordinary.evidence().get(0).detail()).isEqualTo("GET / ended");
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
        var exception = look(Snapshots.lease().owner(OwnerState.ENDED).failedBy("java.sql.SQLException"))
                .orElseThrow();
        assertThat(exception.evidence()).noneMatch(evidence -> evidence.kind() == EvidenceKind.FATAL_ERROR);
    }

    // ---- for how long it has been silent

    private static AbandonedLease silent(Duration quiet, Evidence... evidence) {
        return new AbandonedLease(Snapshots.lease().quietFor(quiet).snapshot(), List.of(evidence));
    }

    private static Evidence evidence(Strength strength, Duration age) {
        return new Evidence(EvidenceKind.OWNER_ENDED, strength, age, "");
    }

    @Test
    void aLeaseIsSilentSinceItsEvidenceOrItsLastCallWhicheverIsLater() {
        Duration one = Duration.ofSeconds(1);
        Duration nine = Duration.ofSeconds(9);
        assertThat(silent(nine, evidence(Strength.SUSPICION, one)).silence()).isEqualTo(one);
        assertThat(silent(one, evidence(Strength.SUSPICION, nine)).silence()).isEqualTo(one);
        assertThat(silent(nine).silence()).isEqualTo(nine);
    }

    @Test
    void theOldestEvidenceCountsAndWhatProvesNothingDoesNot() {
        Duration one = Duration.ofSeconds(1);
        Duration five = Duration.ofSeconds(5);
        Duration nine = Duration.ofSeconds(9);
        AbandonedLease both = silent(
                nine,
                evidence(Strength.SUSPICION, five),
                evidence(Strength.CERTAIN, one),
                evidence(Strength.NONE, nine));
        assertThat(both.silence()).isEqualTo(five);
        assertThat(both.strength()).isEqualTo(Strength.CERTAIN);
        assertThat(silent(nine).strength()).isEqualTo(Strength.NONE);
    }

    @Test
    void eachPieceOfEvidenceHasItsAge() {
        var symptom = look(Snapshots.lease()
                        .unreachable()
                        .owner(OwnerState.ENDED)
                        .scopeEnd(ERROR, true, false, false)
                        .quietFor(Duration.ofSeconds(9))
                        .evidenceFor(Duration.ofSeconds(5)))
                .orElseThrow();
        assertThat(symptom.evidence())
                .extracting(Evidence::kind, Evidence::age)
                .containsExactlyInAnyOrder(
                        tuple(EvidenceKind.HANDLE_UNREACHABLE, Duration.ofSeconds(5)),
                        tuple(EvidenceKind.SCOPE_ENDED, Duration.ofSeconds(5)),
                        tuple(EvidenceKind.OWNER_ENDED, Duration.ofSeconds(5)));
    }
}
