package io.pgheal.track;

import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.PhysicalIdentity;
import io.pgheal.postgres.ServerAddress;
import io.pgheal.postgres.ServerIdentity;
import java.sql.Connection;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;

/** Snapshots of leases for tests of the pure stages: a quiet lease with an open transaction, unless said otherwise. */
public final class Snapshots {
    private boolean transactionOpen = true;
    private boolean callInProgress;
    private boolean callIsStale;
    private Duration quiet = Duration.ZERO;
    private OwnerState owner = OwnerState.ALIVE;
    private @Nullable ScopeEnd scopeEnd;
    private boolean unreachable;
    private boolean retained;
    private boolean moved;
    private boolean workMoves;
    private boolean calledElsewhere;
    private @Nullable Duration observed;
    private boolean unwrapped;
    private boolean sessionBound;
    private boolean extended;
    private boolean closed;
    private boolean enlisted;
    private @Nullable Failure failure;
    private @Nullable String statementTag;
    private LeaseSnapshot.Unfinished unfinished = LeaseSnapshot.Unfinished.NOTHING;
    private @Nullable Lease lease;
    private @Nullable Duration evidenceAge;
    private long sequence = 1;

    private Snapshots() {}

    public static Snapshots lease() {
        return new Snapshots();
    }

    /** As if a collection had found it after the snapshot was made. */
    public static void foundUnreachable(Lease lease) {
        lease.unreachable = true;
    }

    /** As if it were proven that the call in progress can never go on. */
    public static LeaseSnapshot withAStaleCall(LeaseSnapshot lease) {
        LeaseSnapshot.Calls calls = lease.calls();
        return new LeaseSnapshot(
                lease.lease(),
                lease.at(),
                lease.transactionOpen(),
                lease.held(),
                lease.observed(),
                new LeaseSnapshot.Calls(
                        calls.sequence(), calls.touches(), calls.inProgress(), true, calls.executing(), calls.quiet()),
                lease.borrower(),
                lease.scope(),
                lease.handle(),
                lease.marks(),
                lease.unfinished(),
                lease.failure(),
                lease.statementTag());
    }

    /** A lease of that backend, for stages that ask whose it is. */
    public static Lease leaseOn(BackendId backend) {
        PhysicalIdentity identity = new PhysicalIdentity(
                backend.pid(),
                backend.pid(),
                backend,
                new ServerIdentity("1", "2026-11-23T00:00:00Z"),
                new ServerAddress("localhost", 5432),
                false);
        return new Lease(
                backend.pid(),
                Leases.registry(new Leases.TestPool()),
                new Raw().as(Connection.class),
                new Raw().as(BaseConnection.class),
                Borrower.currentThread(new PhysicalConnection(backend.pid(), identity), 0),
                BorrowStack.NONE,
                null);
    }

    public Snapshots of(Lease value) {
        lease = value;
        return this;
    }

    /** So many calls were made. */
    public Snapshots calls(long number) {
        sequence = number;
        return this;
    }

    /** All evidence is so old; as old as the last call, unless it is said. */
    public Snapshots evidenceFor(Duration time) {
        evidenceAge = time;
        return this;
    }

    public Snapshots withoutTransaction() {
        transactionOpen = false;
        return this;
    }

    public Snapshots inCall(boolean stale) {
        callInProgress = true;
        callIsStale = stale;
        return this;
    }

    public Snapshots quietFor(Duration time) {
        quiet = time;
        return this;
    }

    public Snapshots owner(OwnerState state) {
        owner = state;
        return this;
    }

    public Snapshots scopeEnd(
            @Nullable String thrown, boolean ownedByApplication, boolean insideTransaction, boolean asynchronous) {
        scopeEnd =
                new ScopeEnd("GET /", thrown, ownedByApplication, insideTransaction, asynchronous, false, 1, 0, false);
        return this;
    }

    public Snapshots unreachable() {
        unreachable = true;
        return this;
    }

    /** The collector was asked since it fell silent, and something still refers to it. */
    public Snapshots retained() {
        retained = true;
        return this;
    }

    public Snapshots moved() {
        moved = true;
        return this;
    }

    /** Others of the place that borrowed it were seen to move. */
    public Snapshots ofAPlaceThatMoves() {
        workMoves = true;
        return this;
    }

    public Snapshots calledElsewhere() {
        calledElsewhere = true;
        return this;
    }

    /** As long as the last call is ago, unless it is said. */
    public Snapshots observedFor(Duration time) {
        observed = time;
        return this;
    }

    public Snapshots unwrapped() {
        unwrapped = true;
        return this;
    }

    public Snapshots sessionBound() {
        sessionBound = true;
        return this;
    }

    public Snapshots extended() {
        extended = true;
        return this;
    }

    /** By the application, and its transaction is open still. */
    public Snapshots closed() {
        closed = true;
        return this;
    }

    /** In a transaction that others may end. */
    public Snapshots enlisted() {
        enlisted = true;
        return this;
    }

    /** It waits for the healing side to finish it. */
    public Snapshots unfinished() {
        unfinished = LeaseSnapshot.Unfinished.CUT;
        return this;
    }

    public Snapshots failedBy(String type) {
        failure = new Failure(type, null, 1);
        return this;
    }

    public Snapshots tagged(String tag) {
        statementTag = tag;
        return this;
    }

    @SuppressWarnings("NullAway") // the pure stages never ask the lease itself
    public LeaseSnapshot snapshot() {
        Duration age = evidenceAge == null ? quiet : evidenceAge;
        return new LeaseSnapshot(
                lease,
                0,
                transactionOpen,
                quiet,
                observed == null ? quiet : observed,
                new LeaseSnapshot.Calls(sequence, 0, callInProgress, callIsStale, callInProgress, quiet),
                new LeaseSnapshot.Borrowing(owner, age, moved, calledElsewhere),
                new LeaseSnapshot.Scope(scopeEnd, age, workMoves),
                new LeaseSnapshot.Reachability(unreachable, age, retained),
                new LeaseSnapshot.Marks(unwrapped, sessionBound, extended, closed, enlisted),
                unfinished,
                failure,
                statementTag);
    }
}
