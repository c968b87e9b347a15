package io.pgheal.track;

import io.pgheal.postgres.TransactionEnd;
import java.sql.SQLNonTransientConnectionException;

/**
 * Thrown to late code: pgheal revoked the lease of this connection, and its transaction is not proven to be rolled
 * back: it was committed, or its outcome is unknown. SQLSTATE 08007.
 *
 * <p>Its class says neither rollback nor transient, because exception translators and retries go by the class, and
 * would do the work twice.
 *
 * @see LeaseRevoked the type to test for where the outcome of the transaction does not matter
 */
public final class LeaseRevokedInDoubtException extends SQLNonTransientConnectionException implements LeaseRevoked {
    private static final long serialVersionUID = 1L;

    private final String incidentId;
    private final TransactionEnd transaction;

    LeaseRevokedInDoubtException(Revocation revocation) {
        super(revocation.message(), revocation.sqlState());
        this.incidentId = revocation.incidentId();
        this.transaction = revocation.end();
    }

    @Override
    public String incidentId() {
        return incidentId;
    }

    @Override
    public TransactionEnd transaction() {
        return transaction;
    }
}
