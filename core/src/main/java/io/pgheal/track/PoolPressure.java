package io.pgheal.track;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long callers have been waiting for a connection at every look. A pool that is merely opening another connection
 * also looks exhausted, but only for a moment. Used by the loop only, except for {@link #isExhausted}.
 */
final class PoolPressure {
    private static final long EXHAUSTED_NANOS = 500_000_000L;

    private final Pool pool;
    private volatile boolean exhausted;
    private @Nullable Long since;

    PoolPressure(Pool pool) {
        this.pool = pool;
    }

    void look(long now) {
        if (!pool.isExhausted()) {
            since = null;
            exhausted = false;
            return;
        }
        if (since == null) {
            since = now;
        }
        exhausted = now - since >= EXHAUSTED_NANOS;
    }

    Duration exhaustedFor(long now) {
        Long begin = since;
        return begin == null ? Duration.ZERO : Duration.ofNanos(now - begin);
    }

    /** Whether the pool has been exhausted for half a second. For any thread. */
    boolean isExhausted() {
        return exhausted;
    }
}
