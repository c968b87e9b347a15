package io.pgheal.chaos;

import io.pgheal.chaos.Leak.Session;
import io.pgheal.report.Incident;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Waits until pgheal has told of a connection that something still refers to. Here its word is what was promised: by the
 * server's, nothing has happened. Thread-safe.
 */
final class RetainedWatch {
    private static final Duration LOOKS_APART = Duration.ofMillis(100);
    private static final int STEPS = 3;

    private final Supplier<List<Incident>> incidents;
    private final Predicate<Session> isGone;
    private final Disturbances disturbances;
    private final Tally tally;
    private final LongSupplier lateness;
    private final Duration slack;

    /**
     * A watch of what is told.
     *
     * @param isGone whether the server has it no more; asked only while the weather may have broken it
     * @param lateness how late the soak's own looks have been so far, in nanoseconds: pgheal takes several steps
     * @param slack beside the promised time, on a machine that has time for us
     */
    RetainedWatch(
            Supplier<List<Incident>> incidents,
            Predicate<Session> isGone,
            Disturbances disturbances,
            Tally tally,
            LongSupplier lateness,
            Duration slack) {
        this.incidents = incidents;
        this.isGone = isGone;
        this.disturbances = disturbances;
        this.tally = tally;
        this.lateness = lateness;
        this.slack = slack;
    }

    /** Returns whether it was told; if not, and nothing explains it, that is a violation. */
    boolean await(String what, Session kept, Duration promised) {
        Instant from = Instant.now();
        long since = System.nanoTime();
        long lateBefore = lateness.getAsLong();
        while (!isTold(kept, from)) {
            if (disturbances.mayHaveBroken(kept.pid(), since) && isGone.test(kept)) {
                return false; // nobody waits for it any more
            }
            Duration bound = promised.plus(slack).plusNanos(STEPS * (lateness.getAsLong() - lateBefore));
            if (System.nanoTime() - disturbances.due(kept.pid(), since, bound, true) > 0) {
                tally.violated(
                        Invariant.RETAINED_NOT_TOLD,
                        what + " on backend " + kept.pid() + ", " + (System.nanoTime() - since) / 1_000_000
                                + " ms after it was left");
                return false;
            }
            Threads.pause(LOOKS_APART);
        }
        return true;
    }

    private boolean isTold(Session kept, Instant from) {
        return incidents.get().stream()
                .anyMatch(incident -> incident.culprit() != null
                        && incident.culprit().pid() == kept.pid()
                        && incident.lease() != null
                        && !incident.at().isBefore(from)
                        && incident.reason().contains("retained: "));
    }
}
