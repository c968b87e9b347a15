package io.pgheal.cycle;

import io.pgheal.detect.Symptom.OutlivedBackends;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.ActThread.Turn;
import io.pgheal.postgres.BackendId;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * Decides when the servers are asked next whether the backends of ended leases still exist. Used by the loop's thread; the
 * act thread only notes the ends of acts.
 */
final class AfterlifeSchedule {
    /** After the first look, which comes at once. */
    private static final Duration FIRST_PAUSE = Duration.ofNanos(3_125_000);
    /**
     * The pause after the look that comes 0.8 s after the lease's end: by then a backend that noticed the closed connection
     * has ended.
     */
    private static final Duration LINGERING = FIRST_PAUSE.multipliedBy(256);

    private static final int KEPT = 1000;

    private final ActThread acts;
    private final Ticker ticker;
    private final Runnable changed;
    private final Map<BackendId, Look> backends = new ConcurrentHashMap<>();

    /** @param changed runs when {@link #untilNext} has changed, by the act thread */
    AfterlifeSchedule(ActThread acts, Ticker ticker, Runnable changed) {
        this.acts = acts;
        this.ticker = ticker;
        this.changed = changed;
    }

    /** Adds a backend whose lease has ended and which may not have noticed. */
    void add(BackendId backend, long now) {
        if (backends.size() >= KEPT) {
            forgetOne();
        }
        backends.put(backend, Look.at(now, FIRST_PAUSE));
    }

    /** One that was asked about most often: a server that is gone for good must not take the places of all others. */
    private void forgetOne() {
        backends.entrySet().stream()
                .max(Comparator.comparing(each -> each.getValue().pause()))
                .ifPresent(each -> backends.remove(each.getKey()));
    }

    /**
     * Hands the backends that are due to the act thread.
     *
     * @param leases all open leases: a backend that is lent again was not left behind
     * @param question asks about these backends, and returns those that still exist
     */
    void look(List<LeaseSnapshot> leases, long now, Function<OutlivedBackends, Set<BackendId>> question) {
        if (backends.isEmpty()) {
            return;
        }
        for (LeaseSnapshot lease : leases) {
            BackendId backend = lease.physical().backend();
            if (backend != null && lease.lease().isConnected()) {
                backends.remove(backend);
            }
        }
        Set<BackendId> due = new HashSet<>();
        Set<BackendId> lingering = new HashSet<>();
        backends.forEach((backend, look) -> {
            if (look.isDue(now)) {
                due.add(backend);
                if (look.pause().compareTo(LINGERING) >= 0) {
                    lingering.add(backend);
                }
            }
        });
        if (due.isEmpty()) {
            return;
        }
        due.forEach(backend -> backends.computeIfPresent(backend, (key, look) -> look.begun()));
        AtomicReference<Set<BackendId>> remaining = new AtomicReference<>(due);
        boolean taken = false;
        try {
            taken = acts.submit(
                    Turn.LAST,
                    () -> remaining.set(question.apply(new OutlivedBackends(due, lingering))),
                    () -> asked(due, Objects.requireNonNull(remaining.get())));
        } finally {
            if (!taken) {
                asked(due, due);
            }
        }
    }

    /** Nanoseconds until the next look; {@code Long.MAX_VALUE} if none is to come. */
    long untilNext(long now) {
        return backends.values().stream()
                .filter(look -> !look.underWay())
                .mapToLong(look -> Math.max(0, look.next() - now))
                .min()
                .orElse(Long.MAX_VALUE);
    }

    private void asked(Set<BackendId> asked, Set<BackendId> remaining) {
        long now = ticker.nanos();
        for (BackendId backend : asked) {
            if (remaining.contains(backend)) {
                backends.computeIfPresent(backend, (key, look) -> look.backOff(now));
            } else {
                backends.remove(backend);
            }
        }
        if (!backends.isEmpty()) {
            changed.run();
        }
    }
}
