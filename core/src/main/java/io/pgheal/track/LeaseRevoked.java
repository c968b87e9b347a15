package io.pgheal.track;

import io.pgheal.postgres.TransactionEnd;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What every exception of a revoked lease reports, whatever is known of its transaction. Test for this type: each
 * implementation is an {@code SQLException}, but of a different class, because the outcome decides whether the
 * transaction may be repeated.
 */
public sealed interface LeaseRevoked permits LeaseRevokedException, LeaseRevokedInDoubtException {

    /** The id of the incident that gives the reason. */
    String incidentId();

    /** The outcome of the transaction, as far as it is proven. */
    TransactionEnd transaction();

    /** This exception, or the nearest of its causes of this type. */
    static Optional<LeaseRevoked> in(@Nullable Throwable thrown) {
        Throwable each = thrown;
        for (int depth = 0; each != null && depth < HeldUpException.DEEPEST; depth++, each = each.getCause()) {
            if (each instanceof LeaseRevoked revoked) {
                return Optional.of(revoked);
            }
        }
        return Optional.empty();
    }
}
