package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.SqlState;
import io.pgheal.postgres.TransactionEnd;
import java.sql.SQLException;

/**
 * Why a lease is fenced, as reported to later callers of the lease.
 *
 * @param evidenceBased whether the lease was judged abandoned: then a later statement refutes the evidence
 * @param end the outcome of its transaction, as far as it is proven
 */
@Internal
public record Revocation(String incidentId, String reason, boolean evidenceBased, TransactionEnd end) {

    /** The same revocation, once the outcome is known. */
    public Revocation with(TransactionEnd known) {
        return new Revocation(incidentId, reason, evidenceBased, known);
    }

    /**
     * The exception class states the outcome: a caller that repeats a rolled-back transaction must not repeat a
     * committed one.
     */
    SQLException exception() {
        return end == TransactionEnd.ROLLED_BACK
                ? new LeaseRevokedException(this)
                : new LeaseRevokedInDoubtException(this);
    }

    String sqlState() {
        return end == TransactionEnd.ROLLED_BACK
                ? SqlState.TRANSACTION_ROLLBACK
                : SqlState.TRANSACTION_RESOLUTION_UNKNOWN;
    }

    String message() {
        return "pgheal revoked this connection (" + reason + "), incident " + incidentId + ": its transaction "
                + switch (end) {
                    case ROLLED_BACK -> "was rolled back. Borrow a new connection and repeat the whole transaction.";
                    case COMMITTED -> "was committed before that. Borrow a new connection, and do not repeat it.";
                    case UNKNOWN ->
                        "may or may not have been committed. Borrow a new connection, and look before you repeat it.";
                };
    }
}
