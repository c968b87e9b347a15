package io.pgheal.postgres;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One moment in the life of one transaction: what was judged, and therefore what a signal must still find. If the backend ran
 * a single statement since, {@code stateChange} is another one and the signal is not sent.
 *
 * @param backend the server process
 * @param xactStart start of the transaction as UTC text; null between transactions, and once a transaction was rolled back by
 *     an error or a cancel although its block is still open
 * @param stateChange last change of state as UTC text
 * @param state {@code active}, {@code idle}, {@code idle in transaction}, {@code idle in transaction (aborted)}...
 */
public record TransactionRef(BackendId backend, @Nullable String xactStart, String stateChange, String state) {
    public TransactionRef {
        Objects.requireNonNull(backend, "backend");
        Objects.requireNonNull(stateChange, "stateChange");
        Objects.requireNonNull(state, "state");
    }

    /** Whether PostgreSQL has rolled this transaction back already, savepoints included: it holds no lock of its own. */
    boolean isRolledBack() {
        return xactStart == null && state.equals(Backend.ABORTED);
    }
}
