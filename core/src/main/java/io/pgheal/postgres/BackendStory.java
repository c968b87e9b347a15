package io.pgheal.postgres;

import io.pgheal.Internal;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What one backend holds and who waits for it. Read before a heal: afterwards the locks are gone.
 *
 * @param locks tables (an index counts as its table, system catalogs are left out) and advisory locks
 * @param direct pids that wait for this very backend
 * @param waiters all that wait for it, directly or behind others
 * @param truncated there were more locks or waiters than are kept
 */
@Internal
public record BackendStory(
        Backend backend, List<HeldLock> locks, Set<Integer> direct, List<Waiter> waiters, boolean truncated) {
    /** The most locks that are read; a backend with so many may hold more. */
    public static final int MOST_LOCKS = 500;

    public BackendStory {
        Objects.requireNonNull(backend, "backend");
        locks = List.copyOf(locks);
        direct = Set.copyOf(direct);
        waiters = List.copyOf(waiters);
    }

    /** The same of this backend, as it was at another moment. */
    public BackendStory of(Backend seen) {
        return new BackendStory(seen, locks, direct, waiters, truncated);
    }

    public boolean somebodyWaits() {
        return !waiters.isEmpty();
    }

    /** Leaders and followers wait for each other by advisory locks: that alone is no sign of an abandoned transaction. */
    public boolean onlyAdvisoryWaiters() {
        return somebodyWaits() && waiters.stream().allMatch(Waiter::waitsForAdvisoryLock);
    }

    public boolean holdsAdvisoryLock() {
        return locks.stream().anyMatch(HeldLock::isAdvisory);
    }

    public Set<TableName> tables() {
        return locks.stream().map(HeldLock::table).filter(Objects::nonNull).collect(Collectors.toUnmodifiableSet());
    }
}
