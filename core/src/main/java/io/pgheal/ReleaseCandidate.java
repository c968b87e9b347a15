package io.pgheal;

import io.pgheal.postgres.Backend;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.LeaseView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A session that an operator's act would hit, as found by the dry run. Immutable.
 *
 * @param backend as it is now; {@link Backend#transaction()} is what {@link ReleaseTarget#transaction} takes
 * @param lease ours, if it is one of ours
 * @param waiters sessions that wait behind it
 * @param refused why the act would be refused for this session; null when it would not
 */
public record ReleaseCandidate(
        Backend backend,
        @Nullable LeaseView lease,
        List<HeldLock> locks,
        List<Waiter> waiters,
        @Nullable String refused) {
    public ReleaseCandidate {
        locks = List.copyOf(locks);
        waiters = List.copyOf(waiters);
    }
}
