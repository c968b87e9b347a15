package io.pgheal.detect;

import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.track.Failure;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.OwnerState;
import io.pgheal.track.ScopeEnd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Judges leases by what was seen of them. Pure. */
public final class Detector {
    private Detector() {}

    /** Whether anything tells that this lease is abandoned. */
    public static Optional<AbandonedLease> abandoned(LeaseSnapshot lease) {
        if (lease.unwrapped() || lease.closed()) {
            return Optional.empty(); // what is done with the object below, or by the pool, is not seen
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
                && (end.ownedByApplication() || !lease.placeMoves());
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

    /** Whether the witness is asked about it sooner or later, whoever waits, and whoever does not. */
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
