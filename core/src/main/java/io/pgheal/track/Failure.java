package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.SqlState;
import org.jspecify.annotations.Nullable;

/**
 * The last throwable that passed through a lease. Only its kind is kept, because a message may contain values.
 *
 * @param type class name
 * @param sequence of the call that it ended
 */
@Internal
public record Failure(String type, @Nullable String sqlState, long sequence) {

    static Failure of(Throwable thrown, long sequence) {
        return new Failure(thrown.getClass().getName(), SqlState.of(thrown), sequence);
    }

    /** Whether the failure may have ended a lock wait. */
    boolean endsLockWait() {
        return SqlState.LOCK_NOT_AVAILABLE.equals(sqlState)
                || SqlState.QUERY_CANCELED.equals(sqlState)
                || SqlState.DEADLOCK_DETECTED.equals(sqlState);
    }

    /** Whether the failure certainly ended a lock wait: a cancelled statement may have been merely slow. */
    public boolean wasLockWait() {
        return SqlState.LOCK_NOT_AVAILABLE.equals(sqlState) || SqlState.DEADLOCK_DETECTED.equals(sqlState);
    }

    /** Whether the class name is that of an {@code Error}; used for reports, never for decisions. */
    public boolean isError() {
        return type.endsWith("Error");
    }
}
