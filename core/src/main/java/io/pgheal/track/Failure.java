package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.SqlState;
import org.jspecify.annotations.Nullable;

/**
 * The last throwable that passed through a lease: its kind only, for a message may hold values.
 *
 * @param type class name
 * @param sequence of the call that it ended
 */
@Internal
public record Failure(String type, @Nullable String sqlState, long sequence) {

    static Failure of(Throwable thrown, long sequence) {
        return new Failure(thrown.getClass().getName(), SqlState.of(thrown), sequence);
    }

    /** Whether it may have ended a wait for a lock. */
    boolean endsLockWait() {
        return SqlState.LOCK_NOT_AVAILABLE.equals(sqlState)
                || SqlState.QUERY_CANCELED.equals(sqlState)
                || SqlState.DEADLOCK_DETECTED.equals(sqlState);
    }

    /** Whether it is certain that a lock was waited for: a cancelled statement may have been merely slow. */
    public boolean wasLockWait() {
        return SqlState.LOCK_NOT_AVAILABLE.equals(sqlState) || SqlState.DEADLOCK_DETECTED.equals(sqlState);
    }

    /** An {@code Error}, as far as its name tells; used for telling the story, never for deciding. */
    public boolean isError() {
        return type.endsWith("Error");
    }
}
