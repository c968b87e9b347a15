package io.pgheal.track;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Snapshots of leases for tests of the pure stages: a quiet lease with an open transaction, unless said otherwise. */
public final class Snapshots {
    private boolean transactionOpen = true;
    private boolean callInProgress;
    private boolean callIsStale;
    private Duration quiet = Duration.ZERO;
    private OwnerState owner = OwnerState.ALIVE;
    private @Nullable ScopeEnd scopeEnd;
    private boolean unreachable;
    private boolean moved;
    private boolean unwrapped;
    private boolean sessionBound;
    private boolean extended;
    private @Nullable Failure failure;

    private Snapshots() {}

    public static Snapshots lease() {
        return new Snapshots();
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
        scopeEnd = new ScopeEnd("GET /", thrown, ownedByApplication, insideTransaction, asynchronous, 1, 0, false);
        return this;
    }

    public Snapshots unreachable() {
        unreachable = true;
        return this;
    }

    public Snapshots moved() {
        moved = true;
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

    public Snapshots failedBy(String type) {
        failure = new Failure(type, null, 1);
        return this;
    }

    @SuppressWarnings("NullAway") // the pure stages never ask the lease itself
    public LeaseSnapshot snapshot() {
        return new LeaseSnapshot(
                null,
                0,
                1,
                0,
                transactionOpen,
                callInProgress,
                callIsStale,
                callInProgress,
                quiet,
                quiet,
                callInProgress ? quiet : Duration.ZERO,
                owner,
                quiet,
                scopeEnd,
                quiet,
                unreachable,
                quiet,
                moved,
                unwrapped,
                sessionBound,
                extended,
                LeaseSnapshot.Unfinished.NOTHING,
                failure);
    }
}
