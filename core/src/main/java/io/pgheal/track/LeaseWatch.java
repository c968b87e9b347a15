package io.pgheal.track;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Dates what the application's threads recorded in a lease. Used by the healing loop's thread only. Any change of the
 * lease's sequence restarts all its clocks: in this way any call withdraws evidence. A look writes only what has changed,
 * and makes no second object for the same duration: there may be thousands of leases, and a look many times a second.
 */
final class LeaseWatch {
    /**
     * Longer than any heal may take. If that time has passed, the winner of the fence has not even begun to give the
     * connection back.
     */
    private static final long LONGEST_HEAL = 60_000_000_000L;

    private static final long ANSWER_IS_GOOD_FOR = 30_000_000_000L;

    private final Lease lease;
    private long since;
    private long word;
    private int calls;
    private int touches;
    private long quietSince;
    private OwnerState owner = OwnerState.ALIVE;
    private long ownerSince;
    private @Nullable ScopeEnd scopeEnd;
    private long scopeEndSince;
    private boolean unreachable;
    private boolean extended;
    private boolean closed;
    private boolean taken;
    private long takenSince;
    private long unreachableSince;
    private long observedSince;
    /** Since the last call, or since the owner first looked gone; time without looks counts, too. */
    private long silentSince;

    LeaseWatch(Lease lease, long now) {
        this.lease = lease;
        this.since = now;
        this.word = lease.word();
        this.calls = lease.callsInProgress(word);
        this.touches = lease.touches();
        this.quietSince = now;
        this.observedSince = now;
        this.silentSince = now;
    }

    /**
     * The loop did not run for a while: time without looks does not count as silence. Keeps {@code silentSince}: the
     * collector's answer about references stays valid, because asking the collector may itself have stopped the
     * process.
     */
    void restart(long now) {
        quietSince = now;
        ownerSince = now;
        scopeEndSince = now;
        takenSince = now;
        observedSince = now;
    }

    /**
     * One look.
     *
     * @param moving the units of work of which leases were seen to move
     * @param answeredFor the moment up to which the collector has found every unreachable handle; null if unknown
     */
    LeaseSnapshot observe(long now, MovingWork moving, @Nullable Long answeredFor) {
        long seenWord = lease.word();
        int seenCalls = lease.callsInProgress(seenWord);
        int seenTouches = lease.touches();
        if (StateWord.sequence(seenWord) != StateWord.sequence(word) || seenCalls != calls || seenTouches != touches) {
            if (seenTouches != touches) {
                lease.wasTouched(seenTouches);
            }
            word = seenWord;
            calls = seenCalls;
            touches = seenTouches;
            quietSince = now;
            silentSince = now;
            owner = OwnerState.ALIVE;
            scopeEnd = null;
        }
        boolean isExtended = lease.isExtended(now);
        if (isExtended != extended) {
            extended = isExtended;
            if (!isExtended) {
                quietSince = now; // otherwise the extra time would count against the lease the moment it is over
            }
        }
        if (lease.isLeftOpen() && !closed) {
            closed = true;
            quietSince = now; // from here on some other code has to end the transaction
        }
        boolean callInProgress = seenCalls != 0;
        boolean transactionOpen = lease.isTransactionOpen();
        lookAtOwner(now);
        lookAtScope(now, seenWord, seenTouches);
        if (lease.unreachable && !unreachable) {
            unreachable = true;
            unreachableSince = now;
        }
        ScopeEnd end = scopeEnd;
        Call call = lease.call();
        Duration held = Duration.ofNanos(now - since);
        return new LeaseSnapshot(
                lease,
                now,
                transactionOpen,
                held,
                observedSince == since ? held : Duration.ofNanos(now - observedSince),
                new LeaseSnapshot.Calls(
                        StateWord.sequence(seenWord),
                        seenTouches,
                        callInProgress,
                        callInProgress
                                && (lease.unreachable
                                        || (owner != OwnerState.ALIVE && lease.callIsOwners())
                                        || (end != null && end.callWasCut())),
                        callInProgress && call != null && call.isUse,
                        quietSince == since ? held : Duration.ofNanos(now - quietSince)),
                LeaseSnapshot.Borrowing.of(
                        owner,
                        owner == OwnerState.ALIVE ? Duration.ZERO : Duration.ofNanos(now - ownerSince),
                        lease.isMoved(),
                        lease.isCalledElsewhere()),
                LeaseSnapshot.Scope.of(
                        end, end == null ? Duration.ZERO : Duration.ofNanos(now - scopeEndSince), workMoves(moving)),
                LeaseSnapshot.Reachability.of(
                        unreachable,
                        unreachable ? Duration.ofNanos(now - unreachableSince) : Duration.ZERO,
                        isRetained(now, answeredFor)),
                LeaseSnapshot.Marks.of(
                        lease.isUnwrapped(), lease.isSessionBound(), extended, closed, lease.isEnlisted()),
                unfinished(now, seenWord),
                lease.failure(),
                transactionOpen || callInProgress ? lease.statementTag() : null);
    }

    /**
     * A reference may have gone since the answer: an answer is valid for as long as the silence before it, at least for
     * ANSWER_IS_GOOD_FOR.
     */
    private boolean isRetained(long now, @Nullable Long answeredFor) {
        if (answeredFor == null || unreachable) {
            return false;
        }
        long before = answeredFor - silentSince;
        return before >= 0 && now - answeredFor <= Math.max(before, ANSWER_IS_GOOD_FOR);
    }

    /** How long the call with this sequence has been observed; zero if no look has seen it. */
    Duration callFor(long sequence, long now) {
        return StateWord.sequence(word) == sequence && calls != 0 ? Duration.ofNanos(now - quietSince) : Duration.ZERO;
    }

    private LeaseSnapshot.Unfinished unfinished(long now, long seenWord) {
        if (StateWord.isTaken(seenWord)) {
            if (!taken) {
                taken = true;
                takenSince = now;
            }
            return !lease.isBeingGivenBack() && (closerLeft() || isLeftTaken(now))
                    ? LeaseSnapshot.Unfinished.CLOSE
                    : LeaseSnapshot.Unfinished.NOTHING;
        }
        return StateWord.isPoisoned(seenWord) || StateWord.isCloseRefused(seenWord)
                ? LeaseSnapshot.Unfinished.CUT
                : LeaseSnapshot.Unfinished.NOTHING;
    }

    /** Whether an error cut the thread, on either side, that had taken the duty to give back. */
    private boolean isLeftTaken(long now) {
        return lease.returnWasCut() || (lease.closer() == null && now - takenSince >= LONGEST_HEAL);
    }

    /** Whether the closing thread, which need not be the borrower, is proven to have stopped closing. */
    private boolean closerLeft() {
        Thread closer = lease.closer();
        ScopeEnd end = scopeEnd;
        return closer != null
                && ((end != null && end.callWasCut()) || unreachable || closer.getState() == Thread.State.TERMINATED);
    }

    private boolean workMoves(MovingWork moving) {
        return scopeEnd != null && lease.isOfMovingWork(moving);
    }

    private void lookAtOwner(long now) {
        if (lease.isElsewhere()) {
            owner = OwnerState.ALIVE; // also if the owner was seen gone before the scope said so
            return;
        }
        if (owner == OwnerState.ENDED) {
            return; // kept until the next call
        }
        Thread thread = lease.ownerThread();
        if (thread == null || thread.getState() == Thread.State.TERMINATED) {
            owner = OwnerState.ENDED;
            ownerSince = now;
            silentSince = now;
        }
    }

    private void lookAtScope(long now, long seenWord, int seenTouches) {
        ScopeEnd end = lease.scopeEnd();
        if (end == null || end.sequence() != StateWord.sequence(seenWord) || end.touches() != seenTouches) {
            if (scopeEnd != null) {
                scopeEnd = null;
            }
        } else if (!end.equals(scopeEnd)) {
            scopeEnd = end;
            scopeEndSince = now;
            silentSince = now;
        }
    }
}
