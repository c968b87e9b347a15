package io.pgheal.postgres;

import java.util.Optional;

/** What became of a transaction that was ended by force, as far as it is proven. */
public enum TransactionEnd {
    ROLLED_BACK,
    /** Its commit was quicker. */
    COMMITTED,
    /** The server could not be asked, or the transaction has not ended. */
    UNKNOWN;

    /** By the words of {@code pg_xact_status}. */
    public static TransactionEnd of(Optional<String> status) {
        return switch (status.orElse("")) {
            case "aborted" -> ROLLED_BACK;
            case "committed" -> COMMITTED;
            default -> UNKNOWN;
        };
    }
}
