package io.pgheal.detect;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.postgres.BackendId;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.OwnerState;
import io.pgheal.track.Snapshots;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** When a lease is looked at more closely: each condition at its threshold, and just below it. */
class RipenessTest {
    private static final Duration SUSPECT = Duration.ofMillis(200);
    private static final Duration EXHAUSTED = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Duration NEVER = Duration.ZERO;

    private static Duration justBelow(Duration time) {
        return time.minusNanos(1);
    }

    private static AbandonedLease suspect(UnaryOperator<Snapshots> lease) {
        return Detector.abandoned(
                        lease.apply(Snapshots.lease().owner(OwnerState.ENDED)).snapshot())
                .orElseThrow();
    }

    private static AbandonedLease certain(UnaryOperator<Snapshots> lease) {
        return Detector.abandoned(lease.apply(Snapshots.lease().unreachable()).snapshot())
                .orElseThrow();
    }

    // ---- what is suspected

    @Test
    void aSuspicionRipensWithSilence() {
        assertThat(Detector.isRipe(suspect(it -> it.quietFor(SUSPECT)), false)).isTrue();
        assertThat(Detector.isRipe(suspect(it -> it.quietFor(justBelow(SUSPECT))), false))
                .isFalse();
        assertThat(Detector.isRipe(certain(it -> it), false)).isTrue();
    }

    @Test
    void untilThenItIsKnownHowLongItTakes() {
        assertThat(Detector.untilRipe(suspect(it -> it.quietFor(Duration.ofMillis(150)))))
                .isEqualTo(Duration.ofMillis(50));
        assertThat(Detector.untilRipe(suspect(it -> it.quietFor(SUSPECT)))).isZero();
    }

    @Test
    void withoutATransactionASuspicionIsOfInterestToThoseWhoWaitForASlot() {
        AbandonedLease idle = suspect(it -> it.quietFor(SUSPECT).withoutTransaction());
        assertThat(Detector.isRipe(idle, false)).isFalse();
        assertThat(Detector.isRipe(idle, true)).isTrue();
        assertThat(Detector.isRipe(certain(Snapshots::withoutTransaction), false))
                .isTrue();
    }

    @Test
    void whoAskedForMoreTimeIsNotSuspectedButProofCounts() {
        assertThat(Detector.isRipe(suspect(it -> it.quietFor(PATIENCE).extended()), true))
                .isFalse();
        assertThat(Detector.isRipe(certain(Snapshots::extended), false)).isTrue();
    }

    @Test
    void whatIsCertainOrHasATransactionIsJudgedOnItsOwn() {
        assertThat(Detector.isJudgedOnItsOwn(suspect(it -> it))).isTrue();
        assertThat(Detector.isJudgedOnItsOwn(suspect(Snapshots::withoutTransaction)))
                .isFalse();
        assertThat(Detector.isJudgedOnItsOwn(certain(Snapshots::withoutTransaction)))
                .isTrue();
    }

    @Test
    void aSuspicionIsUnprovenUntilItsAnswerOrUntilNobodyWouldAsk() {
        assertThat(Detector.isUnproven(suspect(it -> it))).isTrue();
        assertThat(Detector.isUnproven(certain(it -> it))).isFalse();
        assertThat(Detector.isUnproven(suspect(Snapshots::withoutTransaction))).isFalse();
        assertThat(Detector.isUnproven(suspect(Snapshots::retained))).isFalse();
        assertThat(Detector.isUnproven(suspect(Snapshots::extended))).isFalse();
        assertThat(Detector.isUnproven(suspect(Snapshots::enlisted))).isFalse();
        assertThat(Detector.isUnproven(suspect(it -> it.inCall(true)))).isFalse();
    }

    // ---- what was closed

    @Test
    void whatIsLeftOpenIsOfInterestWhereOthersMayEndItAndAfterAWhile() {
        Snapshots closed = Snapshots.lease().closed().enlisted().quietFor(PATIENCE);
        assertThat(Detector.isOpenAfterClose(closed.snapshot(), PATIENCE)).isTrue();
        assertThat(Detector.isOpenAfterClose(
                        closed.quietFor(justBelow(PATIENCE)).snapshot(), PATIENCE))
                .isFalse();
        assertThat(Detector.isOpenAfterClose(
                        Snapshots.lease().closed().quietFor(PATIENCE).snapshot(), PATIENCE))
                .isFalse();
        assertThat(Detector.isOpenAfterClose(
                        Snapshots.lease().enlisted().quietFor(PATIENCE).snapshot(), PATIENCE))
                .isFalse();
    }

    // ---- what executes

    @Test
    void onlyTheStatementOfALiveOwnerMayBeHeldUp() {
        assertThat(Detector.mayBeHeldUp(Snapshots.lease().inCall(false).snapshot()))
                .isTrue();
        assertThat(Detector.mayBeHeldUp(Snapshots.lease().snapshot())).isFalse();
        assertThat(Detector.mayBeHeldUp(Snapshots.lease().inCall(false).closed().snapshot()))
                .isFalse();
        assertThat(Detector.mayBeHeldUp(
                        Snapshots.lease().inCall(false).unfinished().snapshot()))
                .isFalse();
        assertThat(Detector.mayBeHeldUp(
                        Snapshots.lease().inCall(false).unreachable().snapshot()))
                .isFalse();
    }

    private static LeaseSnapshot executingFor(Duration time) {
        return Snapshots.lease()
                .of(Snapshots.leaseOn(new BackendId(7, "2026-11-23T00:00:00Z")))
                .inCall(false)
                .quietFor(time)
                .snapshot();
    }

    @Test
    void aStatementIsSlowByTheUsualThresholdOrByThatOfItsPlace() {
        Duration usual = Duration.ofMillis(500);
        Duration learned = Duration.ofMillis(100);
        assertThat(Detector.isSlow(executingFor(usual), usual, usual, site -> usual))
                .isTrue();
        assertThat(Detector.isSlow(executingFor(justBelow(usual)), usual, usual, site -> usual))
                .isFalse();
        assertThat(Detector.isSlow(executingFor(learned), usual, learned, site -> learned))
                .isTrue();
        assertThat(Detector.isSlow(executingFor(learned), usual, learned, site -> usual))
                .isFalse();
        assertThat(Detector.isSlow(executingFor(usual), usual, learned, site -> Duration.ofDays(1)))
                .isTrue();
    }

    @Test
    void aPlaceIsAskedOnlyAboutWhatIsSlowForSome() {
        assertThat(Detector.isSlow(
                        executingFor(Duration.ofMillis(99)), PATIENCE, Duration.ofMillis(100), site -> Duration.ZERO))
                .isFalse();
    }

    // ---- what the witness is asked about although nobody is known to wait for it

    private static boolean isWorthAsking(Snapshots lease, Duration exhausted) {
        return Detector.isWorthAsking(lease.snapshot(), exhausted, PATIENCE);
    }

    @Test
    void aTransactionThatIsIdleForLongIsWorthAsking() {
        assertThat(isWorthAsking(Snapshots.lease().quietFor(PATIENCE), NEVER)).isTrue();
        assertThat(isWorthAsking(Snapshots.lease().quietFor(justBelow(PATIENCE)), NEVER))
                .isFalse();
        assertThat(isWorthAsking(Snapshots.lease().quietFor(PATIENCE).withoutTransaction(), NEVER))
                .isFalse();
    }

    @Test
    void anyIdleLeaseIsWorthAskingWhileThePoolIsExhausted() {
        assertThat(isWorthAsking(Snapshots.lease().quietFor(EXHAUSTED).withoutTransaction(), EXHAUSTED))
                .isTrue();
        assertThat(isWorthAsking(
                        Snapshots.lease().quietFor(justBelow(EXHAUSTED)).withoutTransaction(), EXHAUSTED))
                .isFalse();
        assertThat(isWorthAsking(Snapshots.lease().quietFor(EXHAUSTED).withoutTransaction(), justBelow(EXHAUSTED)))
                .isFalse();
    }

    @Test
    void aCallIsWorthAskingOnlyIfItLastsForLongAndSomebodyWaits() {
        assertThat(isWorthAsking(Snapshots.lease().inCall(false).quietFor(PATIENCE), EXHAUSTED))
                .isTrue();
        assertThat(isWorthAsking(Snapshots.lease().inCall(false).quietFor(justBelow(PATIENCE)), EXHAUSTED))
                .isFalse();
        assertThat(isWorthAsking(Snapshots.lease().inCall(false).quietFor(PATIENCE), justBelow(EXHAUSTED)))
                .isFalse();
    }

    @Test
    void nothingIsAskedAboutWhatIsKnownOrNotToBeJudged() {
        for (UnaryOperator<Snapshots> spared : List.<UnaryOperator<Snapshots>>of(
                Snapshots::retained,
                Snapshots::unwrapped,
                Snapshots::unreachable,
                Snapshots::extended,
                Snapshots::enlisted,
                Snapshots::closed)) {
            assertThat(isWorthAsking(spared.apply(Snapshots.lease().quietFor(PATIENCE)), EXHAUSTED))
                    .isFalse();
        }
    }
}
