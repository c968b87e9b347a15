package io.pgheal.track;

import org.jspecify.annotations.Nullable;

/**
 * A piece of work on one thread that may take long: while it lasts, no time limit applies to the leases that the thread
 * has borrowed or borrows in it. Proof that an owner is gone still counts, as with {@link HealingLease#extend}. To be
 * closed by the thread that opened it. Afterwards limits count from its end, not from the last call before it.
 */
public final class LongTransaction implements AutoCloseable {
    private final LeaseRegistry registry;
    private final long until;
    private final @Nullable LongTransaction outer;
    private volatile boolean over;

    /** @param until by the ticker's nanoseconds; it ends by then, closed or not */
    LongTransaction(LeaseRegistry registry, long until, @Nullable LongTransaction outer) {
        this.registry = registry;
        this.until = until;
        this.outer = outer;
    }

    @Nullable
    LongTransaction outer() {
        return outer;
    }

    /** Whether this piece of work, or one around it, keeps its leases safe at that moment. */
    boolean covers(long now) {
        for (LongTransaction work = this; work != null; work = work.outer) {
            if (!work.over && work.until - now > 0) {
                return true;
            }
        }
        return false;
    }

    /** Idempotent; never throws. */
    @Override
    public void close() {
        over = true;
        registry.longTransactionClosed(this);
    }
}
