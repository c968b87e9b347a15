package io.pgheal.testserver;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;

/** What a test waits for that only a garbage collection can bring. */
public final class Garbage {
    private static final long SHORTEST_PAUSE_NANOS = 10_000_000;

    private Garbage() {}

    /**
     * Collects again and again until the condition holds. A collection may stop everybody, and on a busy machine for long: in
     * between the others run for twice as long as it took.
     */
    public static void collectUntil(Callable<Boolean> condition) {
        AtomicLong took = new AtomicLong();
        await().atMost(Patience.PATIENCE.multipliedBy(2))
                .pollInterval((polls, before) -> Duration.ofNanos(Math.max(SHORTEST_PAUSE_NANOS, 2 * took.get())))
                .until(() -> {
                    long began = System.nanoTime();
                    System.gc();
                    took.set(System.nanoTime() - began);
                    return condition.call();
                });
    }
}
