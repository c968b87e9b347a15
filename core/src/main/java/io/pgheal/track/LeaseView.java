package io.pgheal.track;

import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.postgres.StatementText;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An open lease as reported to people.
 *
 * @param backendPid as the driver reports it
 * @param held since the borrow, to the precision of the healing loop
 * @param quiet since the last call
 * @param stillReferredTo whether the collector has found, since the lease fell silent, that something still refers to
 *     its handle: expected of a healthy lease
 * @param thread the borrower's name, null once that thread is gone
 * @param borrowStack where the connection was borrowed, the innermost frame first
 * @param borrowStackLikely whether that stack is another lease's: one that began with the same statement, in a scope of
 *     the same name, on a thread of the same kind; with many borrows a second, not every one has its stack
 * @param lastStatements of its transaction, the oldest first, literals removed
 * @param backend identifies the backend for good, where the server itself confirmed the pid
 * @param server the server of the connection, where known
 * @param trace the span in which the connection was borrowed; null where there was none, or no tracing
 */
public record LeaseView(
        long id,
        int backendPid,
        boolean transactionOpen,
        boolean callInProgress,
        Duration held,
        Duration quiet,
        boolean stillReferredTo,
        @Nullable String thread,
        List<String> borrowStack,
        boolean borrowStackLikely,
        List<String> lastStatements,
        @Nullable BackendId backend,
        @Nullable ServerIdentity server,
        @Nullable TraceContext trace) {

    public LeaseView {
        borrowStack = List.copyOf(borrowStack);
        borrowStackLikely &= !borrowStack.isEmpty();
        lastStatements = List.copyOf(lastStatements);
    }

    private static List<String> stack(Lease lease) {
        return isLikely(lease) ? lease.likelyStack() : lease.ownStack().lines();
    }

    private static boolean isLikely(Lease lease) {
        return lease.ownStack() == BorrowStack.NONE;
    }

    /** The place in the code that borrowed the connection; null if it is unknown. */
    public @Nullable String borrowedAt() {
        return borrowStack.isEmpty() ? null : (borrowStackLikely ? "(probably) " : "") + borrowStack.get(0);
    }

    /** The lease whose statement failed; it may have gone on or been closed since. */
    static LeaseView of(LeaseEvent.FailedWait failed, Duration waited) {
        Lease lease = failed.lease();
        Thread owner = lease.ownerThread();
        String statement = failed.statement();
        return new LeaseView(
                lease.id(),
                lease.physical().driverPid(),
                !lease.isOver() && lease.isTransactionOpen(),
                false,
                waited,
                Duration.ZERO,
                false,
                owner == null ? null : owner.getName(),
                stack(lease),
                isLikely(lease),
                statement == null ? List.of() : List.of(StatementText.cutLiterals(statement)),
                lease.physical().backend(),
                lease.physical().server(),
                lease.trace());
    }

    static LeaseView of(LeaseSnapshot seen) {
        Lease lease = seen.lease();
        Thread owner = lease.ownerThread();
        return new LeaseView(
                lease.id(),
                lease.physical().driverPid(),
                seen.transactionOpen(),
                seen.callInProgress(),
                seen.held(),
                seen.quiet(),
                seen.retained(),
                owner == null ? null : owner.getName(),
                stack(lease),
                isLikely(lease),
                lease.statements().stream().map(StatementText::cutLiterals).toList(),
                lease.physical().backend(),
                lease.physical().server(),
                lease.trace());
    }
}
