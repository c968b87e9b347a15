package io.pgheal.postgres;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One lock on a table, held or waited for.
 *
 * @param backend null when a prepared transaction holds it, or when the backend ended while we looked
 * @param waited by the server's clock; null when the lock is held
 * @param preparedGid the prepared transaction that holds it, if one does
 */
public record TableLock(
        @Nullable Backend backend,
        HeldLock lock,
        @Nullable Duration waited,
        @Nullable String preparedGid) {
    public TableLock {
        Objects.requireNonNull(lock, "lock");
    }

    public boolean isHeld() {
        return waited == null;
    }
}
