package io.pgheal.innocent;

import static org.awaitility.Awaitility.await;

import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that moves only when the test says so. It knows the healing loops by the names of their threads. */
final class FakeTime extends Ticker {
    /** Below what a loop takes for a pause of the whole process. */
    private static final Duration STEP = Duration.ofMillis(900);
    /** Whatever a loop was at, with so many readings it has looked once at the new time. */
    private static final long READINGS_OF_A_LOOK = 4;

    private final AtomicLong nanos = new AtomicLong();
    private final Map<Thread, Long> readings = new ConcurrentHashMap<>();

    @Override
    public long nanos() {
        if (Thread.currentThread().getName().endsWith("-loop")) {
            readings.merge(Thread.currentThread(), 1L, Long::sum);
        }
        return nanos.get();
    }

    /** Lets time pass in steps so small that no loop feels starved, each of them seen by every loop. */
    void pass(Duration time) {
        long end = nanos.get() + time.toNanos();
        while (nanos.get() < end) {
            nanos.addAndGet(Math.min(STEP.toNanos(), end - nanos.get()));
            awaitALook();
        }
    }

    /** The whole process stood still for so long. */
    void jump(Duration time) {
        nanos.addAndGet(time.toNanos());
        awaitALook();
    }

    private void awaitALook() {
        Map<Thread, Long> before = new HashMap<>(readings);
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> before.entrySet().stream()
                        .allMatch(loop -> !loop.getKey().isAlive()
                                || readings.get(loop.getKey()) - loop.getValue() >= READINGS_OF_A_LOOK));
    }
}
