package io.pgheal.postgres;

import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A session that waits for a heavyweight lock.
 *
 * @param lockType what it waits for: {@code transactionid} and {@code tuple} are row locks; null when hidden, and in the
 *     cheap form while it looks for a deadlock
 * @param table null when it cannot be known: in the cheap form, and for row waits that PostgreSQL does not tie to a table (an
 *     insert that waits for another's key of a unique index)
 * @param mode the mode it wants; null in the cheap form
 * @param blockedBy pids that it waits for right now, each once, parallel workers as their leader; 0 is a prepared
 *     transaction
 * @param waited by the server's clock; an upper bound where the start of the wait itself is not known
 * @param preparedGid the prepared transaction in its way, when one is and the full form was asked
 */
public record Waiter(
        Backend backend,
        @Nullable String lockType,
        @Nullable TableName table,
        @Nullable String mode,
        Set<Integer> blockedBy,
        Duration waited,
        @Nullable String preparedGid) {
    public Waiter {
        Objects.requireNonNull(backend, "backend");
        Objects.requireNonNull(waited, "waited");
        blockedBy = Set.copyOf(blockedBy);
    }

    public int pid() {
        return backend.pid();
    }

    Waiter asOf(Backend session) {
        return backend.equals(session)
                ? this
                : new Waiter(session, lockType, table, mode, blockedBy, waited, preparedGid);
    }

    /**
     * Merges two processes of one parallel query: the wait of the one that has waited longer, and the blockers of both. A
     * leader that waits for no lock but for its workers has their blockers, too.
     */
    Waiter and(Waiter other) {
        boolean longer = waited.compareTo(other.waited) >= 0;
        Waiter told = (lockType == null) == (other.lockType == null)
                ? (longer ? this : other)
                : (lockType == null ? other : this);
        Set<Integer> both = new HashSet<>(blockedBy);
        both.addAll(other.blockedBy);
        return new Waiter(told.backend, told.lockType, told.table, told.mode, both, told.waited, told.preparedGid);
    }

    public boolean waitsForAdvisoryLock() {
        return Objects.equals(lockType, "advisory");
    }
}
