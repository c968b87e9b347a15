package io.pgheal.track;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A lease as the healing loop saw it at one moment: all that evidence is judged by. Durations are by the loop's own
 * ticker, counted only while it was not starved.
 *
 * @param lease what the fence is asked of, with this snapshot in hand
 * @param at when it was seen, by the ticker's nanoseconds
 * @param quiet since the last call, or since the loop first looked
 * @param callFor how long the call in progress has been seen, zero when there is none
 * @param ownerFor how long the owner has been seen in this state with no call since
 * @param scopeEndFor how long ago the end of its scope was first seen
 * @param unreachableFor how long ago its handle was seen collected
 * @param observed how long it has been looked at without a pause of the process
 * @param retained whether something still refers to it: the whole heap was marked since it fell silent, and its handle was
 *     not found to be unreachable
 * @param movedBetweenThreads whether it was used by more than one thread
 * @param placeMoves of one whose scope has ended: whether leases of the place that borrowed it were seen to move between
 *     threads, or that place is not known
 * @param calledElsewhere whether any call, even one that is no use, came from another thread than the borrower's
 * @param sessionBound whether it may have run LISTEN, COPY or taken an advisory lock
 * @param extended whether the application asked for more time, and that time is not over
 * @param closed whether the application closed it; one that is still looked at left its transaction open
 * @param enlisted whether its connection takes part in a global transaction (JTA), as far as can be told: others may end
 *     that, and need no connection object to do so
 * @param unfinished what it waits for the healing side to finish
 * @param statementTag the tag, among those that are spared, of a statement that its transaction ran
 * @param callIsStale whether it is proven that the call in progress, if there is one, can never go on
 */
public record LeaseSnapshot(
        Lease lease,
        long at,
        long sequence,
        int touches,
        boolean transactionOpen,
        boolean callInProgress,
        boolean callIsStale,
        boolean executing,
        Duration held,
        Duration quiet,
        Duration callFor,
        OwnerState owner,
        Duration ownerFor,
        @Nullable ScopeEnd scopeEnd,
        Duration scopeEndFor,
        boolean unreachable,
        Duration unreachableFor,
        Duration observed,
        boolean retained,
        boolean movedBetweenThreads,
        boolean placeMoves,
        boolean calledElsewhere,
        boolean unwrapped,
        boolean sessionBound,
        boolean extended,
        boolean closed,
        boolean enlisted,
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
        return mine != null && mine == other.lease.ownerThread() && !movedBetweenThreads && !other.movedBetweenThreads;
    }

    /** The place in the code that borrowed it; resolved at each call. */
    public String site() {
        return lease.site();
    }
}
