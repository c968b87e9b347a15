package io.pgheal.track;

import io.pgheal.Internal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A lease as the healing loop saw it at one moment: the basis of all evidence. Durations are by the loop's own ticker,
 * counted only while the loop was not starved. What is so with nearly all leases is one object for all: there may be
 * thousands of leases, and a look many times a second.
 *
 * @param lease whose fence checks this snapshot
 * @param at the moment of the look, in the ticker's nanoseconds
 * @param observed how long the loop has looked at the lease without a pause of the process
 * @param unfinished what the healing side has to finish
 * @param statementTag the tag, among the spared ones, of a statement that the transaction ran
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
        /** Giving back began, but an error cut it, or its thread ended without finishing it. */
        CLOSE
    }

    public PhysicalConnection physical() {
        return lease.physical();
    }

    /** Whether the same live thread borrowed both leases and is the only one that used either. */
    public boolean hasOwnerOf(LeaseSnapshot other) {
        Thread mine = lease.ownerThread();
        return mine != null && mine == other.lease.ownerThread() && !borrower.moved() && !other.borrower.moved();
    }

    /** The lease as reported to people. */
    public LeaseView view() {
        return LeaseView.of(this);
    }

    /** The shape of the statement that ran last; empty if none did. */
    public String statementShape() {
        return lease.statementShape();
    }

    // ---- its parts

    /**
     * The calls on the lease.
     *
     * @param stale whether it is proven that the call in progress, if there is one, can never go on
     * @param quiet since the last call, or since the loop's first look
     */
    public record Calls(
            long sequence, int touches, boolean inProgress, boolean stale, boolean executing, Duration quiet) {}

    /**
     * The lease's owner, as far as threads tell.
     *
     * @param since how long the owner has been seen in this state with no call since
     * @param moved whether more than one thread used the lease
     * @param calledElsewhere whether a thread other than the borrower's made any call, even one that is no use
     */
    public record Borrowing(OwnerState state, Duration since, boolean moved, boolean calledElsewhere) {
        private static final Borrowing USUAL = new Borrowing(OwnerState.ALIVE, Duration.ZERO, false, false);

        static Borrowing of(OwnerState state, Duration since, boolean moved, boolean calledElsewhere) {
            return state == OwnerState.ALIVE && !moved && !calledElsewhere
                    ? USUAL
                    : new Borrowing(state, since, moved, calledElsewhere);
        }
    }

    /**
     * The unit of work in which the connection was borrowed.
     *
     * @param endedFor how long ago the end of its scope was first seen
     * @param workMoves for an ended scope: whether leases of units of work of the same name were seen to move
     */
    public record Scope(@Nullable ScopeEnd end, Duration endedFor, boolean workMoves) {
        private static final Scope USUAL = new Scope(null, Duration.ZERO, false);

        static Scope of(@Nullable ScopeEnd end, Duration endedFor, boolean workMoves) {
            return end == null && !workMoves ? USUAL : new Scope(end, endedFor, workMoves);
        }
    }

    /**
     * Whether anything refers to the lease's handle.
     *
     * @param since how long ago the handle was seen collected
     * @param retained whether something still refers to the handle: the collector has marked the whole heap since the
     *     lease fell silent, and did not find the handle unreachable
     */
    public record Reachability(boolean unreachable, Duration since, boolean retained) {
        private static final Reachability USUAL = new Reachability(false, Duration.ZERO, false);

        static Reachability of(boolean unreachable, Duration since, boolean retained) {
            return unreachable || retained ? new Reachability(unreachable, since, retained) : USUAL;
        }
    }

    /**
     * What excludes the lease from the usual judgement.
     *
     * @param sessionBound whether the session may have run LISTEN, COPY or taken an advisory lock
     * @param extended whether the application asked for more time, and that time is not over
     * @param closed whether the application closed the lease; a closed lease is looked at only if its transaction
     *     stayed open
     * @param enlisted whether the connection takes part in a global transaction (JTA), as far as known: other code may
     *     end that transaction, and needs no connection object to do so
     */
    public record Marks(boolean unwrapped, boolean sessionBound, boolean extended, boolean closed, boolean enlisted) {
        private static final Marks USUAL = new Marks(false, false, false, false, false);

        static Marks of(boolean unwrapped, boolean sessionBound, boolean extended, boolean closed, boolean enlisted) {
            return unwrapped || sessionBound || extended || closed || enlisted
                    ? new Marks(unwrapped, sessionBound, extended, closed, enlisted)
                    : USUAL;
        }
    }

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

    public boolean workMoves() {
        return scope.workMoves();
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
