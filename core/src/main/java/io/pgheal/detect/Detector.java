package io.pgheal.detect;

import io.pgheal.Internal;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.track.Failure;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.OwnerState;
import io.pgheal.track.ScopeEnd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Judges leases by what was seen of them. Pure, but for what {@link #isSlow} is given to ask. */
@Internal
public final class Detector {
    /** For this long, an owner may still be about to give the connection back. */
    private static final Duration SUSPECT = Duration.ofMillis(200);
    /** A pool that is exhausted for less is merely busy. */
    private static final Duration EXHAUSTED = Duration.ofSeconds(1);

    private Detector() {}

    /** The evidence that this lease is abandoned, if there is any. */
    public static Optional<AbandonedLease> abandoned(LeaseSnapshot lease) {
        if (lease.unwrapped() || lease.closed()) {
            return Optional.empty(); // pgheal does not see calls on the driver's own connection, nor what the pool does
        }
        List<Evidence> evidence = new ArrayList<>();
        if (lease.unreachable()) {
            evidence.add(new Evidence(
                    EvidenceKind.HANDLE_UNREACHABLE,
                    lease.enlisted() ? Strength.SUSPICION : Strength.CERTAIN,
                    lease.unreachableFor(),
                    "the connection object was garbage-collected without close()"));
        }
        if (!lease.callInProgress() || lease.callIsStale()) {
            addScopeEnd(lease, evidence);
            addOwner(lease, evidence);
        }
        if (evidence.isEmpty()) {
            return Optional.empty();
        }
        Failure failure = lease.failure();
        if (failure != null && failure.isError()) {
            evidence.add(new Evidence(EvidenceKind.FATAL_ERROR, Strength.NONE, Duration.ZERO, failure.type()));
        }
        return Optional.of(new AbandonedLease(lease, evidence));
    }

    private static void addScopeEnd(LeaseSnapshot lease, List<Evidence> evidence) {
        ScopeEnd end = lease.scopeEnd();
        if (end == null || lease.movedBetweenThreads()) {
            return; // a lease that was handed to another thread may be at work there
        }
        if (end.insideTransaction()) {
            return; // the lease belongs to the transaction around the scope, which goes on
        }
        boolean certain = lease.transactionOpen()
                && end.isProof()
                && !lease.enlisted() // its transaction may go on elsewhere
                && !lease.calledElsewhere()
                && (end.ownedByApplication() || !lease.workMoves());
        evidence.add(new Evidence(
                EvidenceKind.SCOPE_ENDED,
                certain ? Strength.CERTAIN : Strength.SUSPICION,
                lease.scopeEndFor(),
                end.scope() + (end.thrown() == null ? " ended" : " ended by " + end.thrown())));
    }

    private static void addOwner(LeaseSnapshot lease, List<Evidence> evidence) {
        if (lease.owner() == OwnerState.ENDED && !lease.movedBetweenThreads()) {
            evidence.add(new Evidence(
                    EvidenceKind.OWNER_ENDED,
                    Strength.SUSPICION,
                    lease.ownerFor(),
                    "the thread that borrowed it has terminated"));
        }
    }

    /**
     * Whether the lease is looked at more closely: after a moment of silence, and only while it holds something that others
     * may want.
     */
    public static boolean isRipe(AbandonedLease symptom, boolean poolExhausted) {
        LeaseSnapshot lease = symptom.lease();
        return symptom.strength() == Strength.CERTAIN
                || (symptom.silence().compareTo(SUSPECT) >= 0
                        && !lease.extended()
                        && (lease.transactionOpen() || poolExhausted));
    }

    /** How much longer it has to be silent; zero or less if that is long enough. */
    public static Duration untilRipe(AbandonedLease symptom) {
        return SUSPECT.minus(symptom.silence());
    }

    /**
     * Whether the lease is judged by its evidence even if it blocks somebody. A merely suspected lease without a
     * transaction is judged like that of a live owner: otherwise pgheal would record nothing for those that wait for an
     * advisory lock of its session.
     */
    public static boolean isJudgedOnItsOwn(AbandonedLease symptom) {
        return symptom.strength() == Strength.CERTAIN || symptom.lease().transactionOpen();
    }

    /** Whether the application closed it, and its transaction is still open after so long. */
    public static boolean isOpenAfterClose(LeaseSnapshot lease, Duration patience) {
        return lease.closed() && lease.enlisted() && lease.quiet().compareTo(patience) >= 0;
    }

    /** Whether a statement of the lease runs, and there is no evidence that its owner is gone. */
    public static boolean mayBeHeldUp(LeaseSnapshot lease) {
        return lease.executing()
                && !lease.closed()
                && lease.unfinished() == LeaseSnapshot.Unfinished.NOTHING
                && abandoned(lease).isEmpty();
    }

    /**
     * Whether the lease's statement has run for so long that the server is asked for whom it waits.
     *
     * @param shortest the shortest threshold of all statements
     * @param learned the threshold of a statement; called only for those that are slow by the shortest one
     */
    public static boolean isSlow(
            LeaseSnapshot lease, Duration usual, Duration shortest, Function<String, Duration> learned) {
        return lease.callFor().compareTo(shortest) >= 0
                && (lease.callFor().compareTo(usual) >= 0
                        || lease.callFor().compareTo(learned.apply(lease.statementShape())) >= 0);
    }

    /**
     * Whether the witness is asked about the lease though nobody is known to wait for it: a thread that waits for a
     * connection of an exhausted pool may wait for one that is never given back, and a transaction that is idle for long
     * keeps its locks. A call that lasts for long may have been cut without an error.
     *
     * @param exhausted for how long the pool has been
     */
    public static boolean isWorthAsking(LeaseSnapshot lease, Duration exhausted, Duration patience) {
        if (lease.retained()
                || lease.unwrapped()
                || lease.unreachable()
                || lease.extended()
                || lease.enlisted()
                || lease.closed()) {
            return false;
        }
        boolean somebodyWaits = exhausted.compareTo(EXHAUSTED) >= 0;
        boolean silentForLong = lease.quiet().compareTo(patience) >= 0;
        return lease.callInProgress()
                ? somebodyWaits && silentForLong
                : (somebodyWaits && lease.quiet().compareTo(EXHAUSTED) >= 0)
                        || (lease.transactionOpen() && silentForLong);
    }

    /** Whether the witness is asked about the lease sooner or later, whether or not somebody waits. */
    public static boolean isUnproven(AbandonedLease suspect) {
        LeaseSnapshot lease = suspect.lease();
        return suspect.strength() == Strength.SUSPICION
                && lease.transactionOpen()
                && !lease.retained()
                && !lease.extended()
                && !lease.enlisted()
                && !lease.callInProgress();
    }
}
