package io.pgheal.track;

import io.pgheal.postgres.SqlState;

/**
 * Why a lease is fenced, as its late callers will be told.
 *
 * @param evidenceBased whether it was judged abandoned: then a later statement refutes the evidence
 * @param outcomeUnknown whether a commit may have been under way
 */
public record Revocation(String incidentId, String reason, boolean evidenceBased, boolean outcomeUnknown) {

    String sqlState() {
        return outcomeUnknown ? SqlState.TRANSACTION_RESOLUTION_UNKNOWN : SqlState.TRANSACTION_ROLLBACK;
    }

    String message() {
        return "pgheal revoked this connection (" + reason + "), incident " + incidentId + ": its transaction "
                + (outcomeUnknown ? "may or may not have been committed" : "was rolled back")
                + ". Borrow a new connection and repeat the whole transaction.";
    }
}
