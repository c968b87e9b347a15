package io.pgheal.track;

import io.pgheal.postgres.SqlState;
import java.sql.SQLNonTransientConnectionException;

/**
 * An error cut an earlier driver call on this connection, so that responses can no longer be matched with calls. The
 * connection is aborted and never lent again. SQLSTATE 08006, or 08007 when the call that was cut could have committed.
 */
public final class CutConnectionException extends SQLNonTransientConnectionException {
    private static final long serialVersionUID = 1L;

    CutConnectionException(String cause, boolean mayHaveCommitted) {
        super(
                "An earlier call on this connection was cut by " + cause + "; the connection is not used any more. "
                        + (mayHaveCommitted
                                ? "The call that was cut could have committed: the outcome of the transaction is unknown."
                                : "Its transaction is rolled back. Borrow a new connection and repeat it."),
                mayHaveCommitted ? SqlState.TRANSACTION_RESOLUTION_UNKNOWN : SqlState.CONNECTION_FAILURE);
    }
}
