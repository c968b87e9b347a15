package io.pgheal.track;

import org.jspecify.annotations.Nullable;

/**
 * A piece of work on one thread that may take long: while it lasts, no time limit applies to the leases that the thread
 * has borrowed or borrows in it. Proof that an owner is gone still counts, as with {@link HealingLease#extend}. The
 * thread that opened it must close it. Afterwards limits count from its end, not from the last call before it.
 */
public final class LongTransaction implements AutoCloseable {
    private final ThreadWork work;
    private final long until;
    private final @Nullable LongTransaction outer;
    private volatile boolean over;

    /** @param until in the ticker's nanoseconds; the work ends by then, closed or not */
    LongTransaction(ThreadWork work, long until, @Nullable LongTransaction outer) {
        this.work = work;
        this.until = until;
        this.outer = outer;
    }

    @Nullable
    LongTransaction outer() {
        return outer;
    }

    /** Whether this piece of work, or one around it, protects its leases at that moment. */
    boolean covers(long now) {
        for (LongTransaction each = this; each != null; each = each.outer) {
            if (!each.over && each.until - now > 0) {
                return true;
            }
        }
        return false;
    }

    /** Idempotent; never throws. */
    @Override
    public void close() {
        over = true;
        work.end(this);
    }
}
