package io.pgheal.cycle;

import io.pgheal.heal.ActThread;
import io.pgheal.heal.ActThread.Turn;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Decides when each suspected lease is looked at next: at once, and then with pauses that double, until the application
 * calls something on it. Used by the loop's thread; the act thread only notes the ends of acts.
 */
final class SuspectSchedule {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);

    private final ActThread acts;
    private final Ticker ticker;
    private final Map<Long, Suspect> suspects = new ConcurrentHashMap<>();

    SuspectSchedule(ActThread acts, Ticker ticker) {
        this.acts = acts;
        this.ticker = ticker;
    }

    private record Suspect(Look look, Calls seen) {
        Suspect looked(Look next) {
            return new Suspect(next, seen);
        }
    }

    /**
     * What a judgement depends on. The end of a call or of its thread, and a proof, have no sequence number of their own,
     * but allow more.
     */
    private record Calls(long sequence, boolean inProgress, boolean stale, boolean unreachable) {
        static Calls of(LeaseSnapshot lease) {
            return new Calls(lease.sequence(), lease.callInProgress(), lease.callIsStale(), lease.unreachable());
        }
    }

    boolean isEmpty() {
        return suspects.isEmpty();
    }

    /** Looks at each suspected lease again, without waiting for the end of its pause. */
    void beginAnew() {
        suspects.values().removeIf(suspect -> !suspect.look().underWay());
    }

    /** Forgets all other leases. */
    void retain(Set<Long> leases) {
        suspects.keySet().retainAll(leases);
    }

    /**
     * Hands the lease to the act thread if its look is due.
     *
     * @param act returns when it is to be looked at again; zero to leave that to the pause
     */
    void act(LeaseSnapshot lease, long now, Turn turn, Supplier<Duration> act) {
        long id = lease.lease().id();
        Calls calls = Calls.of(lease);
        Suspect suspect = suspects.get(id);
        // While an act is under way its look belongs to the act thread: replaced here, it would never end.
        if (suspect == null || (!suspect.seen().equals(calls) && !suspect.look().underWay())) {
            suspect = new Suspect(Look.at(now, FIRST_PAUSE), calls);
        }
        if (!suspect.look().isDue(now)) {
            return;
        }
        Suspect later = suspect.looked(suspect.look().backOff(now)); // first: nothing may fail once the act has begun
        AtomicReference<Duration> again = new AtomicReference<>(Duration.ZERO);
        suspects.put(id, suspect.looked(suspect.look().begun()));
        boolean taken = false;
        try {
            taken = acts.submit(turn, () -> again.set(act.get()), () -> acted(id, Objects.requireNonNull(again.get())));
        } finally {
            if (!taken) {
                suspects.put(id, later);
            }
        }
    }

    private void acted(long id, Duration in) {
        long now = ticker.nanos();
        suspects.computeIfPresent(
                id,
                (key, suspect) -> suspect.looked(
                        in.isZero()
                                ? suspect.look().backOff(now)
                                : suspect.look().again(now, in)));
    }
}
