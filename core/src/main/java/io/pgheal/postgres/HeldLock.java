package io.pgheal.postgres;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One kind of lock on one thing.
 *
 * @param lockType as PostgreSQL calls it: {@code relation}, {@code tuple}, {@code transactionid}, {@code advisory}...
 * @param table null for an advisory lock, and when the table cannot be known (another database, dropped)
 * @param mode for example {@code RowExclusiveLock}
 * @param advisoryKey the two halves of an advisory lock's key, {@code high:low}
 */
public record HeldLock(
        String lockType,
        @Nullable TableName table,
        String mode,
        @Nullable String advisoryKey) {
    public HeldLock {
        Objects.requireNonNull(lockType, "lockType");
        Objects.requireNonNull(mode, "mode");
    }

    public boolean isAdvisory() {
        return lockType.equals("advisory");
    }
}
