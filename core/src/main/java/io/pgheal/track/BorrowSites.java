package io.pgheal.track;

import io.pgheal.Internal;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * What was learned about the places that borrow. Bounded: the place that was touched longest ago is forgotten first.
 * Thread-safe; looked up only for leases that moved, failed to get a lock or are under suspicion, never per call.
 */
@Internal
public final class BorrowSites {
    private static final int KEPT = 1000;
    /** A statement that waits for less is over before anybody could be asked. */
    private static final long SHORTEST_THRESHOLD = 20_000_000L;

    private static final long UNSEEN_TOLD_APART = Duration.ofMinutes(10).toNanos();

    private final Map<String, Site> sites = Collections.synchronizedMap(new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Site> eldest) {
            return size() > KEPT;
        }
    });

    /** The shortest threshold that any place has learned; {@code Long.MAX_VALUE} when none has. */
    private volatile long shortest = Long.MAX_VALUE;
    /** Most applications never move a lease, and each open lease asks at each look. */
    private volatile boolean anyMoves;

    /** Guarded by the monitor of {@code sites}. */
    private static final class Site {
        boolean moves;
        /** Nanoseconds; 0 is not learned. */
        long threshold;

        boolean unseenTold;
        long unseenToldAt;
        int unseenSince;
    }

    /** A lease of this place was used by another thread than the borrower's, or came back when it was judged to be lost. */
    public void learnMove(String site) {
        change(site, it -> it.moves = true);
        anyMoves = true;
    }

    boolean moves(String site) {
        if (!anyMoves) {
            return false;
        }
        synchronized (sites) {
            Site known = sites.get(site);
            return known != null && known.moves;
        }
    }

    // ---- how long a statement runs before it is asked about

    /**
     * A statement of this place failed in a way that may end a wait for a lock: the next one is to be seen while it
     * waits.
     *
     * @param took as far as it was seen; zero when it was over between two looks
     * @param usual the configured threshold, which is never exceeded
     */
    public void learnFailedWait(String site, Duration took, Duration usual) {
        long half = Math.max(took.toNanos() / 2, SHORTEST_THRESHOLD);
        if (half >= usual.toNanos()) {
            return;
        }
        change(site, it -> it.threshold = it.threshold == 0 ? half : Math.min(it.threshold, half));
        measure();
    }

    /**
     * A statement of this place was asked about early, and did not wait for a lock. After a few of these the place has its
     * usual threshold again: a failure long ago must not make healthy work be asked about for ever.
     */
    public void learnAskedInVain(String site, Duration usual) {
        synchronized (sites) {
            Site known = sites.get(site);
            if (known == null || known.threshold == 0) {
                return;
            }
            known.threshold = known.threshold * 2 < usual.toNanos() ? known.threshold * 2 : 0;
        }
        measure();
    }

    /** From which age a statement of this place is asked about. */
    public Duration threshold(String site, Duration usual) {
        synchronized (sites) {
            Site known = sites.get(site);
            return known == null || known.threshold == 0 ? usual : Duration.ofNanos(known.threshold);
        }
    }

    /** The shortest threshold that was learned anywhere, or the usual one. Reads one field. */
    public Duration shortestThreshold(Duration usual) {
        long learned = shortest;
        return learned == Long.MAX_VALUE ? usual : Duration.ofNanos(learned);
    }

    public boolean hasLearnedThresholds() {
        return shortest != Long.MAX_VALUE;
    }

    private void measure() {
        synchronized (sites) {
            shortest = sites.values().stream()
                    .mapToLong(site -> site.threshold)
                    .filter(threshold -> threshold != 0)
                    .min()
                    .orElse(Long.MAX_VALUE);
        }
    }

    /**
     * Whether it is time to tell that nobody was seen who held the lock that a statement of this place failed to get, and
     * of how many such failures; 0 when it was told not long ago.
     */
    public int unseenHoldersToTell(String site, long now) {
        synchronized (sites) {
            Site known = sites.computeIfAbsent(site, unknown -> new Site());
            known.unseenSince++;
            if (known.unseenTold && now - known.unseenToldAt < UNSEEN_TOLD_APART) {
                return 0;
            }
            int told = known.unseenSince;
            known.unseenTold = true;
            known.unseenToldAt = now;
            known.unseenSince = 0;
            return told;
        }
    }

    /** The places whose leases were seen to move between threads. */
    public Set<String> moving() {
        synchronized (sites) {
            Set<String> moving = new TreeSet<>();
            sites.forEach((site, known) -> {
                if (known.moves) {
                    moving.add(site);
                }
            });
            return moving;
        }
    }

    private void change(String site, Consumer<Site> change) {
        if (site.isEmpty()) {
            return;
        }
        synchronized (sites) {
            change.accept(sites.computeIfAbsent(site, unknown -> new Site()));
        }
    }
}
