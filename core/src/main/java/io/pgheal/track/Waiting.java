package io.pgheal.track;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;

/**
 * How many callers have been waiting for a connection since an earlier look, without a clock on their way. One that
 * looks (the healing loop, for a pool that does not tell) sees those who came before its last look and are still inside:
 * callers are told apart by number only, so it is a lower bound. Thread-safe; one thread looks.
 */
public final class Waiting implements IntSupplier {
    private final AtomicLong came = new AtomicLong();
    private final AtomicLong left = new AtomicLong();
    private long cameAtLastLook;

    void came() {
        came.incrementAndGet();
    }

    void left() {
        left.incrementAndGet();
    }

    /** At least so many were inside at the last look and are inside now. */
    @Override
    public int getAsInt() {
        long gone = left.get();
        long before = cameAtLastLook;
        cameAtLastLook = came.get();
        return (int) Math.max(0, before - gone);
    }
}
