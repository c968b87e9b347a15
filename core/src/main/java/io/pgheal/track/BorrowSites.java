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
 * What pgheal has learned about borrow sites, the places in the code that borrow connections. Bounded: the site that
 * was used longest ago is forgotten first. Thread-safe. Looked up only for leases that moved, failed to get a lock or
 * are suspected, never per call.
 */
@Internal
public final class BorrowSites {
    private static final int KEPT = 1000;
    /** A statement with a shorter wait ends before the healing side could ask the server about it. */
    private static final long SHORTEST_THRESHOLD = 20_000_000L;

    private static final long UNSEEN_REPORTED_APART = Duration.ofMinutes(10).toNanos();

    private final Map<String, Site> sites = Collections.synchronizedMap(new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Site> eldest) {
            return size() > KEPT;
        }
    });

    /** The shortest threshold that any place has learned; {@code Long.MAX_VALUE} when none has. */
    private volatile long shortest = Long.MAX_VALUE;
    /** Spares a look-up: each look asks for each open lease, and most applications never move a lease. */
    private volatile boolean anyMoves;

    /** Guarded by the monitor of {@code sites}. */
    private static final class Site {
        boolean moves;
        /** Nanoseconds; 0 is not learned. */
        long threshold;

        boolean unseenReported;
        long unseenReportedAt;
        int unseenSince;
    }

    /**
     * A thread other than the borrower used a lease of this site, or the owner came back to a lease that was judged
     * lost.
     */
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

    // ---- the age from which the healing side asks the server about a statement

    /**
     * A statement of this site failed in a way that may end a lock wait: lowers the threshold, so that the next such
     * wait is seen while it lasts.
     *
     * @param took the observed duration; zero when the statement began and ended between two looks
     * @param usual the configured threshold; the learned one never exceeds it
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
     * The server was asked early about a statement of this site, and the statement did not wait for a lock. After a few
     * of these the site has its usual threshold again: one failure long ago must not cause questions about healthy
     * statements for ever.
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

    /** The age from which the server is asked about a statement of this site. */
    public Duration threshold(String site, Duration usual) {
        synchronized (sites) {
            Site known = sites.get(site);
            return known == null || known.threshold == 0 ? usual : Duration.ofNanos(known.threshold);
        }
    }

    /** The shortest threshold that any site has learned, or the usual one. Reads one field. */
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
     * Counts a failed lock wait of this site whose lock holder was not seen. Returns how many such failures to report
     * now, or 0 when they were reported not long ago.
     */
    public int unseenHoldersToTell(String site, long now) {
        synchronized (sites) {
            Site known = sites.computeIfAbsent(site, unknown -> new Site());
            known.unseenSince++;
            if (known.unseenReported && now - known.unseenReportedAt < UNSEEN_REPORTED_APART) {
                return 0;
            }
            int reported = known.unseenSince;
            known.unseenReported = true;
            known.unseenReportedAt = now;
            known.unseenSince = 0;
            return reported;
        }
    }

    /** The sites whose leases were seen to move between threads. */
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
