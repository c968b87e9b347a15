package io.pgheal.track;

import io.pgheal.Internal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A lease as the healing loop saw it at one moment: all that evidence is judged by. Durations are by the loop's own
 * ticker, counted only while it was not starved.
 *
 * @param lease what the fence is asked of, with this snapshot in hand
 * @param at when it was seen, by the ticker's nanoseconds
 * @param observed how long it has been looked at without a pause of the process
 * @param unfinished what it waits for the healing side to finish
 * @param statementTag the tag, among those that are spared, of a statement that its transaction ran
 */
@Internal
public record LeaseSnapshot(
        Lease lease,
        long at,
        boolean transactionOpen,
        Duration held,
        Duration observed,
        Calls calls,
        Borrowing borrower,
        Scope scope,
        Reachability handle,
        Marks marks,
        Unfinished unfinished,
        @Nullable Failure failure,
        @Nullable String statementTag) {

    /** What an overflow kept the application from finishing. */
    public enum Unfinished {
        NOTHING,
        /** The connection is poisoned, or there was no stack for its {@code close()}. */
        CUT,
        /** Its giving back began, and was cut, or its thread went away without finishing it. */
        CLOSE
    }

    public PhysicalConnection physical() {
        return lease.physical();
    }

    /** Whether one thread, which is alive, borrowed both and is the only one that used either. */
    public boolean hasOwnerOf(LeaseSnapshot other) {
        Thread mine = lease.ownerThread();
        return mine != null && mine == other.lease.ownerThread() && !borrower.moved() && !other.borrower.moved();
    }

    /** As people are told of it. */
    public LeaseView view() {
        return LeaseView.of(this);
    }

    /** The place in the code that borrowed it; resolved at each call. */
    public String site() {
        return lease.site();
    }

    // ---- its parts

    /**
     * What was called on it.
     *
     * @param stale whether it is proven that the call in progress, if there is one, can never go on
     * @param quiet since the last call, or since the loop first looked
     */
    public record Calls(
            long sequence, int touches, boolean inProgress, boolean stale, boolean executing, Duration quiet) {}

    /**
     * Its owner, as far as threads tell.
     *
     * @param since how long the owner has been seen in this state with no call since
     * @param moved whether it was used by more than one thread
     * @param calledElsewhere whether any call, even one that is no use, came from another thread than the borrower's
     */
    public record Borrowing(OwnerState state, Duration since, boolean moved, boolean calledElsewhere) {}

    /**
     * The unit of work that it was borrowed in.
     *
     * @param endedFor how long ago the end of its scope was first seen
     * @param placeMoves of one whose scope has ended: whether leases of the place that borrowed it were seen to move between
     *     threads, or that place is not known
     */
    public record Scope(@Nullable ScopeEnd end, Duration endedFor, boolean placeMoves) {}

    /**
     * Whether anything refers to its handle.
     *
     * @param since how long ago its handle was seen collected
     * @param retained whether something still refers to it: the whole heap was marked since it fell silent, and its handle was
     *     not found to be unreachable
     */
    public record Reachability(boolean unreachable, Duration since, boolean retained) {}

    /**
     * What keeps it from being judged like others.
     *
     * @param sessionBound whether it may have run LISTEN, COPY or taken an advisory lock
     * @param extended whether the application asked for more time, and that time is not over
     * @param closed whether the application closed it; one that is still looked at left its transaction open
     * @param enlisted whether its connection takes part in a global transaction (JTA), as far as can be told: others may end
     *     that, and need no connection object to do so
     */
    public record Marks(boolean unwrapped, boolean sessionBound, boolean extended, boolean closed, boolean enlisted) {}

    public long sequence() {
        return calls.sequence();
    }

    public int touches() {
        return calls.touches();
    }

    public boolean callInProgress() {
        return calls.inProgress();
    }

    public boolean callIsStale() {
        return calls.stale();
    }

    public boolean executing() {
        return calls.executing();
    }

    public Duration quiet() {
        return calls.quiet();
    }

    public OwnerState owner() {
        return borrower.state();
    }

    public Duration ownerFor() {
        return borrower.since();
    }

    public boolean movedBetweenThreads() {
        return borrower.moved();
    }

    public boolean calledElsewhere() {
        return borrower.calledElsewhere();
    }

    public @Nullable ScopeEnd scopeEnd() {
        return scope.end();
    }

    public Duration scopeEndFor() {
        return scope.endedFor();
    }

    public boolean placeMoves() {
        return scope.placeMoves();
    }

    public boolean unreachable() {
        return handle.unreachable();
    }

    public Duration unreachableFor() {
        return handle.since();
    }

    public boolean retained() {
        return handle.retained();
    }

    public boolean unwrapped() {
        return marks.unwrapped();
    }

    public boolean sessionBound() {
        return marks.sessionBound();
    }

    public boolean extended() {
        return marks.extended();
    }

    public boolean closed() {
        return marks.closed();
    }

    public boolean enlisted() {
        return marks.enlisted();
    }

    public Duration callFor() {
        return calls.inProgress() ? calls.quiet() : Duration.ZERO;
    }
}
