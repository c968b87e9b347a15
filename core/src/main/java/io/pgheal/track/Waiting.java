package io.pgheal.track;

import io.pgheal.Internal;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;

/**
 * Counts the callers that have been waiting long for a connection, without reading a clock on their threads. Callers
 * are only counted, not identified, so the result is a lower bound. Thread-safe; the result is as old as the interval
 * between two looks.
 */
@Internal
public final class Waiting implements IntSupplier {
    /** Longer than a checkout that merely opens a new connection or asks the server for its backend. */
    private static final long LONG_NANOS = 500_000_000L;

    private final Ticker ticker;
    private final AtomicLong came = new AtomicLong();
    private final AtomicLong left = new AtomicLong();

    // Guarded by this.
    private long markedAt;
    private long cameAtMark;
    private long cameLongAgo;

    public Waiting(Ticker ticker) {
        this.ticker = ticker;
        this.markedAt = ticker.nanos();
    }

    void came() {
        came.incrementAndGet();
    }

    void left() {
        left.incrementAndGet();
    }

    /** A lower bound of the callers that have been waiting for half a second or longer. */
    @Override
    public synchronized int getAsInt() {
        long now = ticker.nanos();
        if (now - markedAt >= LONG_NANOS) {
            cameLongAgo = cameAtMark;
            cameAtMark = came.get();
            markedAt = now;
        }
        return (int) Math.max(0, cameLongAgo - left.get());
    }
}
