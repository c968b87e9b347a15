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
import java.util.function.Predicate;

/** Judges leases by what was seen of them. Pure. */
public final class Detector {
    private Detector() {}

    /**
     * Whether anything tells that this lease is abandoned.
     *
     * @param refuted whether this kind of evidence was wrong before at the place that borrowed the lease
     * @param strongMayHeal false where nothing could be learned about places (no borrow stacks): then strong evidence
     *     only reports
     */
    public static Optional<AbandonedLease> abandoned(
            LeaseSnapshot lease, ThreadEvidence threads, boolean strongMayHeal, Predicate<EvidenceKind> refuted) {
        if (lease.unwrapped()) {
            return Optional.empty(); // what is done with the object below is not seen
        }
        List<Evidence> evidence = new ArrayList<>();
        if (lease.unreachable()) {
            evidence.add(new Evidence(
                    EvidenceKind.HANDLE_UNREACHABLE,
                    Strength.CERTAIN,
                    lease.unreachableFor(),
                    "the connection object was garbage-collected without close()"));
        }
        if (!lease.callInProgress() || lease.callIsStale()) {
            addScopeEnd(lease, evidence);
            addOwner(lease, threads, evidence);
        }
        evidence.removeIf(each -> refuted.test(each.kind()));
        if (!strongMayHeal) {
            evidence.replaceAll(Detector::reportedOnly);
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
        boolean certain = lease.transactionOpen() && end.isProof() && !lease.calledElsewhere();
        evidence.add(new Evidence(
                EvidenceKind.SCOPE_ENDED,
                certain ? Strength.CERTAIN : Strength.STRONG,
                lease.scopeEndFor(),
                end.scope() + (end.thrown() == null ? " ended" : " ended by " + end.thrown())));
    }

    private static void addOwner(LeaseSnapshot lease, ThreadEvidence threads, List<Evidence> evidence) {
        if (lease.owner() == OwnerState.ALIVE || threads == ThreadEvidence.OFF || lease.movedBetweenThreads()) {
            return;
        }
        boolean ended = lease.owner() == OwnerState.ENDED;
        evidence.add(new Evidence(
                ended ? EvidenceKind.OWNER_ENDED : EvidenceKind.OWNER_BACK_IN_POOL,
                threads == ThreadEvidence.HEAL ? Strength.STRONG : Strength.REPORT_ONLY,
                lease.ownerFor(),
                ended
                        ? "the thread that borrowed it has terminated"
                        : "the thread that borrowed it waits for its next task"));
    }

    private static Evidence reportedOnly(Evidence evidence) {
        return evidence.strength() == Strength.STRONG
                ? new Evidence(evidence.kind(), Strength.REPORT_ONLY, evidence.age(), evidence.detail())
                : evidence;
    }
}
