package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.SqlState;
import io.pgheal.postgres.TransactionEnd;
import java.sql.SQLException;

/**
 * Why a lease is fenced, as its late callers will be told.
 *
 * @param evidenceBased whether it was judged abandoned: then a later statement refutes the evidence
 * @param end what became of its transaction, as far as it is proven
 */
@Internal
public record Revocation(String incidentId, String reason, boolean evidenceBased, TransactionEnd end) {

    /** The same, once more is known. */
    public Revocation with(TransactionEnd known) {
        return new Revocation(incidentId, reason, evidenceBased, known);
    }

    /** By its class it says what is known: whoever repeats what was rolled back must not repeat what was committed. */
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
