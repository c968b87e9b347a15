package io.pgheal.track;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Dates what the application's threads left in a lease. Owned by the healing loop's thread. Whatever changes a lease's
 * sequence starts all its clocks anew: that is how any call withdraws evidence.
 */
final class LeaseWatch {
    private static final long FIRST_STACK_LOOK = 100_000_000L;
    private static final long LAST_STACK_LOOK = 1_600_000_000L;

    private final Lease lease;
    private long since;
    private long word;
    private int touches;
    private long quietSince;
    private OwnerState owner = OwnerState.ALIVE;
    private long ownerSince;
    private long nextStackLook = FIRST_STACK_LOOK;
    private @Nullable ScopeEnd scopeEnd;
    private long scopeEndSince;
    private boolean unreachable;
    private boolean extended;
    private String site = "";
    private long unreachableSince;

    LeaseWatch(Lease lease, long now) {
        this.lease = lease;
        this.since = now;
        this.word = lease.state.read();
        this.touches = lease.touches();
        this.quietSince = now;
    }

    /** The loop did not run for a while: what it did not see does not count. */
    void restart(long now) {
        quietSince = now;
        ownerSince = now;
        scopeEndSince = now;
        nextStackLook = FIRST_STACK_LOOK;
    }

    LeaseSnapshot observe(long now, BorrowSites sites) {
        long seenWord = lease.state.read();
        int seenTouches = lease.touches();
        if (StateWord.sequence(seenWord) != StateWord.sequence(word)
                || StateWord.callsInProgress(seenWord) != StateWord.callsInProgress(word)
                || seenTouches != touches) {
            word = seenWord;
            touches = seenTouches;
            quietSince = now;
            owner = OwnerState.ALIVE;
            nextStackLook = FIRST_STACK_LOOK;
            scopeEnd = null;
        }
        boolean wasExtended = extended;
        extended = lease.isExtended(now);
        if (wasExtended && !extended) {
            quietSince = now; // or the time that was asked for would count against it the moment it is over
        }
        boolean callInProgress = StateWord.callsInProgress(seenWord) != 0;
        boolean transactionOpen = lease.isTransactionOpen();
        lookAtOwner(now);
        lookAtScope(now, seenWord, seenTouches);
        if (lease.unreachable && !unreachable) {
            unreachable = true;
            unreachableSince = now;
        }
        ScopeEnd end = scopeEnd;
        Call call = lease.call();
        return new LeaseSnapshot(
                lease,
                now,
                StateWord.sequence(seenWord),
                seenTouches,
                transactionOpen,
                callInProgress,
                callInProgress
                        && (lease.unreachable
                                || (owner != OwnerState.ALIVE && lease.callIsOwners())
                                || (end != null && end.callWasCut())),
                callInProgress && call != null && call.isUse,
                Duration.ofNanos(now - since),
                Duration.ofNanos(now - quietSince),
                callInProgress ? Duration.ofNanos(now - quietSince) : Duration.ZERO,
                owner,
                owner == OwnerState.ALIVE ? Duration.ZERO : Duration.ofNanos(now - ownerSince),
                end,
                end == null ? Duration.ZERO : Duration.ofNanos(now - scopeEndSince),
                unreachable,
                unreachable ? Duration.ofNanos(now - unreachableSince) : Duration.ZERO,
                lease.isMoved() || sites.moves(site(now)),
                lease.isUnwrapped(),
                lease.isSessionBound(),
                extended,
                unfinished(seenWord),
                lease.failure(),
                transactionOpen || callInProgress ? lease.statementTag() : null);
    }

    /** How long the call with this sequence has been seen by now; zero if no look has seen it. */
    Duration callFor(long sequence, long now) {
        return StateWord.sequence(word) == sequence && StateWord.callsInProgress(word) != 0
                ? Duration.ofNanos(now - quietSince)
                : Duration.ZERO;
    }

    private LeaseSnapshot.Unfinished unfinished(long seenWord) {
        if (StateWord.isTaken(seenWord)) {
            return closerLeft() ? LeaseSnapshot.Unfinished.CLOSE : LeaseSnapshot.Unfinished.NOTHING;
        }
        return StateWord.isPoisoned(seenWord) || StateWord.isCloseRefused(seenWord)
                ? LeaseSnapshot.Unfinished.CUT
                : LeaseSnapshot.Unfinished.NOTHING;
    }

    /** Whether the thread that closes, which need not be the borrower, is proven to be no longer at it. */
    private boolean closerLeft() {
        Thread closer = lease.closer();
        ScopeEnd end = scopeEnd;
        return closer != null
                && ((end != null && end.callWasCut())
                        || closer.getState() == Thread.State.TERMINATED
                        || waitsForItsNextTask(closer));
    }

    private static boolean waitsForItsNextTask(Thread thread) {
        Thread.State state = thread.getState();
        return (state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING)
                && IdleWorker.isIdle(thread.getStackTrace());
    }

    /** Resolved only for a lease that has been quiet for a while: nothing is judged sooner. */
    private String site(long now) {
        if (site.isEmpty() && now - quietSince >= FIRST_STACK_LOOK) {
            site = lease.borrowStack().site();
        }
        return site;
    }

    private void lookAtOwner(long now) {
        if (lease.isElsewhere()) {
            owner = OwnerState.ALIVE; // also if it was seen gone before that was said
            return;
        }
        if (owner == OwnerState.ENDED || owner == OwnerState.BACK_IN_POOL) {
            return; // latched until the next call
        }
        Thread thread = lease.ownerThread();
        if (thread == null || thread.getState() == Thread.State.TERMINATED) {
            owner = OwnerState.ENDED;
            ownerSince = now;
            return;
        }
        long quiet = now - quietSince;
        if (quiet < nextStackLook) {
            return;
        }
        nextStackLook = quiet + Math.min(quiet, LAST_STACK_LOOK);
        if (waitsForItsNextTask(thread)) {
            owner = OwnerState.BACK_IN_POOL;
            ownerSince = now;
        }
    }

    private void lookAtScope(long now, long seenWord, int seenTouches) {
        ScopeEnd end = lease.scopeEnd();
        if (end == null || end.sequence() != StateWord.sequence(seenWord) || end.touches() != seenTouches) {
            scopeEnd = null;
        } else if (!end.equals(scopeEnd)) {
            scopeEnd = end;
            scopeEndSince = now;
        }
    }
}
