package io.pgheal;

import static org.awaitility.Awaitility.await;

import io.pgheal.track.Ticker;
import java.util.concurrent.atomic.AtomicLong;

/** The system's clock, which also tells when a healing loop has looked. */
final class Looks extends Ticker {
    /** Whatever the loop was at, with so many readings of its clock it has looked once since. */
    private static final long READINGS_OF_A_LOOK = 6;

    private final AtomicLong readings = new AtomicLong();

    @Override
    public long nanos() {
        if (Thread.currentThread().getName().endsWith("-loop")) {
            readings.incrementAndGet();
        }
        return super.nanos();
    }

    void awaitOne() {
        long before = readings.get();
        await().until(() -> readings.get() >= before + READINGS_OF_A_LOOK);
    }
}
