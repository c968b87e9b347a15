package io.pgheal.track;

import java.sql.SQLTransactionRollbackException;

/**
 * What late code sees: the lease of this connection was revoked by pgheal, and its transaction did not outlive that.
 *
 * <p>SQLSTATE 40000 when the rollback is proven; 08007 when a commit had been under way and was done, or nobody knows.
 */
public final class LeaseRevokedException extends SQLTransactionRollbackException {
    private static final long serialVersionUID = 1L;

    private final String incidentId;

    LeaseRevokedException(Revocation revocation) {
        super(revocation.message(), revocation.sqlState());
        this.incidentId = revocation.incidentId();
    }

    /** The id of the incident that tells why. */
    public String incidentId() {
        return incidentId;
    }
}
