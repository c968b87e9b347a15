package io.pgheal.track;

import io.pgheal.Internal;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What pgheal has learned about statements that fail to get a lock, by their {@link StatementShape}: how early the server
 * is asked about them, and whether the failure was reported. Bounded: the statement that was looked up longest ago is
 * forgotten first. Thread-safe. Looked up only for statements that are slow or have failed, never per call.
 */
@Internal
public final class LearnedWaits {
    private static final int KEPT = 1000;
    /** A statement with a shorter wait ends before the healing side could ask the server about it. */
    private static final long SHORTEST_THRESHOLD = 20_000_000L;

    private static final long UNSEEN_REPORTED_APART = Duration.ofMinutes(10).toNanos();

    private final Map<String, Learned> statements = Collections.synchronizedMap(new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Learned> eldest) {
            return size() > KEPT;
        }
    });

    /** The shortest threshold of any statement; {@code Long.MAX_VALUE} when none was learned. */
    private volatile long shortest = Long.MAX_VALUE;

    /** Guarded by the monitor of {@code statements}. */
    private static final class Learned {
        /** Nanoseconds; 0 is not learned. */
        long threshold;

        boolean unseenReported;
        long unseenReportedAt;
        int unseenSince;
    }

    // ---- the age from which the healing side asks the server about a statement

    /**
     * A statement failed in a way that may end a lock wait: lowers the threshold, so that the next such wait is seen
     * while it lasts.
     *
     * @param took the observed duration; zero when the statement began and ended between two looks
     * @param usual the configured threshold; the learned one never exceeds it
     */
    public void learnFailedWait(String statement, Duration took, Duration usual) {
        long half = Math.max(took.toNanos() / 2, SHORTEST_THRESHOLD);
        if (statement.isEmpty() || half >= usual.toNanos()) {
            return;
        }
        synchronized (statements) {
            Learned known = statements.computeIfAbsent(statement, unknown -> new Learned());
            known.threshold = known.threshold == 0 ? half : Math.min(known.threshold, half);
        }
        measure();
    }

    /**
     * The server was asked early about a statement, and the statement did not wait for a lock. After a few of these the
     * statement has its usual threshold again: one failure long ago must not cause questions about healthy statements
     * for ever.
     */
    public void learnAskedInVain(String statement, Duration usual) {
        synchronized (statements) {
            Learned known = statements.get(statement);
            if (known == null || known.threshold == 0) {
                return;
            }
            known.threshold = known.threshold * 2 < usual.toNanos() ? known.threshold * 2 : 0;
        }
        measure();
    }

    /** The age from which the server is asked about a statement. */
    public Duration threshold(String statement, Duration usual) {
        synchronized (statements) {
            Learned known = statements.get(statement);
            return known == null || known.threshold == 0 ? usual : Duration.ofNanos(known.threshold);
        }
    }

    /** The shortest threshold that was learned for any statement, or the usual one. Reads one field. */
    public Duration shortestThreshold(Duration usual) {
        long learned = shortest;
        return learned == Long.MAX_VALUE ? usual : Duration.ofNanos(learned);
    }

    public boolean hasThresholds() {
        return shortest != Long.MAX_VALUE;
    }

    private void measure() {
        synchronized (statements) {
            shortest = statements.values().stream()
                    .mapToLong(statement -> statement.threshold)
                    .filter(threshold -> threshold != 0)
                    .min()
                    .orElse(Long.MAX_VALUE);
        }
    }

    /**
     * Counts a failed lock wait of this statement whose lock holder was not seen. Returns how many such failures to
     * report now, or 0 when they were reported not long ago.
     */
    public int unseenHoldersToTell(String statement, long now) {
        synchronized (statements) {
            Learned known = statements.computeIfAbsent(statement, unknown -> new Learned());
            measure(); // another statement, and its threshold, may have been forgotten for this one
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
}
