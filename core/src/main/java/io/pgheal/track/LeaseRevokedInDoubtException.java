package io.pgheal.track;

import io.pgheal.postgres.TransactionEnd;
import java.sql.SQLNonTransientConnectionException;

/**
 * What late code sees whose lease was revoked by pgheal, if its transaction is not proven to be rolled back: it was
 * committed, or nobody knows. SQLSTATE 08007.
 *
 * <p>No rollback and nothing transient by its class: translators and retries go by it, and would do the work twice.
 *
 * @see LeaseRevoked for what to test for where it does not matter what became of the transaction
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
