package io.pgheal.track;

import io.pgheal.postgres.TransactionEnd;
import java.sql.SQLTransactionRollbackException;

/**
 * What late code sees: the lease of this connection was revoked by pgheal, and its transaction is proven to be rolled back.
 * SQLSTATE 40000. The whole transaction may be repeated.
 *
 * @see LeaseRevoked for what to test for where it does not matter what became of the transaction
 */
public final class LeaseRevokedException extends SQLTransactionRollbackException implements LeaseRevoked {
    private static final long serialVersionUID = 1L;

    private final String incidentId;

    LeaseRevokedException(Revocation revocation) {
        super(revocation.message(), revocation.sqlState());
        this.incidentId = revocation.incidentId();
    }

    @Override
    public String incidentId() {
        return incidentId;
    }

    @Override
    public TransactionEnd transaction() {
        return TransactionEnd.ROLLED_BACK;
    }
}
