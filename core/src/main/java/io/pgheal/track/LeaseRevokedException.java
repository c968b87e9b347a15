package io.pgheal.track;

import io.pgheal.postgres.TransactionEnd;
import java.sql.SQLTransactionRollbackException;

/**
 * Thrown to late code: pgheal revoked the lease of this connection, and its transaction is proven to be rolled back.
 * SQLSTATE 40000. The whole transaction may be repeated.
 *
 * @see LeaseRevoked the type to test for where the outcome of the transaction does not matter
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
