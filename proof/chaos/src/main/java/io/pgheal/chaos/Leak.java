package io.pgheal.chaos;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One transaction that was left behind, until it is seen to be gone by the soak's own look at the server. */
final class Leak {
    final LeakKind kind;
    final Session session;
    final boolean awaited;
    final Duration bound;
    final long since = System.nanoTime();
    private final Runnable afterwards;
    private final CountDownLatch over = new CountDownLatch(1);

    // Of the watch.
    long lateness;
    boolean overdue;

    /**
     * A transaction as the server knows it.
     *
     * @param xactStart null if no transaction is open
     */
    record Session(int pid, String backendStart, @Nullable String xactStart) {}

    /**
     * A leak that begins now.
     *
     * @param awaited whether somebody certainly waits for what it holds
     * @param afterwards lets go of what was kept reachable
     */
    Leak(LeakKind kind, Session session, boolean awaited, Duration bound, Runnable afterwards) {
        this.kind = kind;
        this.session = session;
        this.awaited = awaited;
        this.bound = bound;
        this.afterwards = afterwards;
    }

    void end() {
        over.countDown();
        afterwards.run();
    }

    boolean awaitEnd(Duration atMost) throws InterruptedException {
        return over.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** For the times to heal: by what the promise rests on. */
    String measure() {
        return switch (kind.proof) {
            case CERTAIN -> "certain";
            case COLLECTION -> awaited ? "collected, awaited" : "collected, perhaps nobody waits";
            case EXHAUSTION -> "of a slot, from its loss";
            case LIMIT -> "by the user's time limit, from the wait";
            case OPERATOR -> "by an operator";
        };
    }

    @Override
    public String toString() {
        return kind + (awaited ? " (awaited)" : "") + " on backend " + session.pid();
    }
}
