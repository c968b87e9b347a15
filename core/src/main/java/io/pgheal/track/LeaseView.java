package io.pgheal.track;

import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.postgres.StatementText;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An open lease as people see it.
 *
 * @param backendPid as the driver says
 * @param held since the borrow, to the precision of the healing loop
 * @param quiet since the last call
 * @param stillReferredTo whether the collector has found, since it fell silent, that something still refers to it: of
 *     a healthy one nothing else is expected
 * @param thread the borrower's name, null once it is gone
 * @param borrowStack where it was borrowed, the innermost frame first
 * @param lastStatements of its transaction, the oldest first, literals cut
 * @param backend the same for good, where the server itself confirmed that pid
 * @param server the server that it is on, where that is known
 * @param trace the span in which it was borrowed; null where there was none, or nobody asked
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
        List<String> lastStatements,
        @Nullable BackendId backend,
        @Nullable ServerIdentity server,
        @Nullable TraceContext trace) {

    public LeaseView {
        borrowStack = List.copyOf(borrowStack);
        lastStatements = List.copyOf(lastStatements);
    }

    /** The lease whose statement failed, and may have gone on or been closed since. */
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
                lease.borrowStack().lines(),
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
                lease.borrowStack().lines(),
                lease.statements().stream().map(StatementText::cutLiterals).toList(),
                lease.physical().backend(),
                lease.physical().server(),
                lease.trace());
    }
}
