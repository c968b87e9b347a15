package io.pgheal.track;

import io.pgheal.postgres.TransactionEnd;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What every exception of a revoked lease tells, whatever is known of its transaction. The one thing to test for: each of
 * them is an {@code SQLException}, but of another class, for what is known decides whether the transaction may be repeated.
 */
public sealed interface LeaseRevoked permits LeaseRevokedException, LeaseRevokedInDoubtException {

    /** The id of the incident that tells why. */
    String incidentId();

    /** What became of the transaction, as far as it is proven. */
    TransactionEnd transaction();

    /** This exception, or the nearest of its causes that is one. */
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
