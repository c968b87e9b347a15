package io.pgheal.track;

import io.pgheal.Internal;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;

/**
 * How many callers have been waiting for a connection for long, without a clock on their way. Callers are told apart by
 * number only, so it is a lower bound. Thread-safe; what it tells is as old as the looks at it are far apart.
 */
@Internal
public final class Waiting implements IntSupplier {
    /** A checkout that only makes a new connection, or asks who serves it, takes less. */
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

    /** At least so many have been inside for half a second or longer. */
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
