package io.pgheal.track;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The borrow stacks of one data source, for no more than half a percent of a processor: every borrow has its stack while
 * borrows are few, and some have one when borrows are many. Where a lease has none, the stack of another lease is told
 * that began with the same statement, in a scope of the same name, on a thread of the same kind.
 *
 * <p>Thread-safe. {@link #take} and {@link #returned} are for the application's threads, and read no clock unless a stack
 * is taken. {@link #look} belongs to the healing loop, which also earns the time that the next stacks may take.
 */
final class BorrowStacks {
    /** Stacks, and their texts, may take one part in so many of a processor's time. */
    private static final int SHARE = 200;
    /** A burst after a pause has its stacks, too. */
    private static final long MOST_SAVED = 10_000_000L;
    /** No stack takes longer by itself: a thread that was interrupted meanwhile is not charged for it. */
    private static final long DEAREST = 500_000L;

    private static final int KEPT = 1000;
    private static final int SAMPLES = 64; // a power of two

    private static final AtomicLongFieldUpdater<BorrowStacks> NANOS_LEFT =
            AtomicLongFieldUpdater.newUpdater(BorrowStacks.class, "nanosLeft");

    private final int depth;
    private final Ticker ticker;
    private volatile long nanosLeft = MOST_SAVED;
    private @Nullable Long earnedUntil;

    /** Returned since the last look, by their ids. One that is overwritten before is lost, and others will follow. */
    private final AtomicReferenceArray<@Nullable Sample> samples = new AtomicReferenceArray<>(SAMPLES);

    private final Map<Kind, List<String>> learned = Collections.synchronizedMap(new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Kind, List<String>> eldest) {
            return size() > KEPT;
        }
    });

    /** What is known of each lease, and tells its place in the code from others. */
    private record Kind(String statement, String scope, String thread) {
        static Kind of(Lease lease) {
            return of(lease.firstStatement(), lease.scope(), lease.borrowerName());
        }

        static Kind of(@Nullable String statement, @Nullable LeaseScope scope, String thread) {
            return new Kind(StatementShape.of(statement), scope == null ? "" : scope.name(), withoutNumbers(thread));
        }

        /** The threads of a pool differ in their numbers. */
        private static String withoutNumbers(String name) {
            StringBuilder kind = new StringBuilder(name.length());
            for (int i = 0; i < name.length(); i++) {
                char c = name.charAt(i);
                if (!Character.isDigit(c)) {
                    kind.append(c);
                }
            }
            return kind.toString();
        }
    }

    /** A lease that was returned, and had its stack. Does not keep the lease. */
    record Sample(@Nullable String statement, @Nullable LeaseScope scope, String thread, BorrowStack stack) {}

    /** @param depth frames of each stack that are shown; 0 for no stacks */
    BorrowStacks(int depth, Ticker ticker) {
        this.depth = depth;
        this.ticker = ticker;
    }

    /** The stack of the calling thread, or none. */
    BorrowStack take() {
        if (depth == 0 || nanosLeft <= 0) {
            return BorrowStack.NONE;
        }
        long began = ticker.nanos();
        BorrowStack taken = BorrowStack.capture(depth);
        pay(began);
        return taken;
    }

    private void pay(long began) {
        NANOS_LEFT.addAndGet(this, -Math.min(ticker.nanos() - began, DEAREST));
    }

    /** The lease is over: its stack may tell where others like it were borrowed. */
    void returned(Lease lease) {
        BorrowStack stack = lease.ownStack();
        if (stack != BorrowStack.NONE) {
            samples.set(
                    (int) lease.id() & (SAMPLES - 1),
                    new Sample(lease.firstStatement(), lease.scope(), lease.borrowerName(), stack));
        }
    }

    /** Earns the time for the next stacks, and learns from the leases that were returned. */
    void look(long now) {
        if (depth == 0) {
            return;
        }
        Long before = earnedUntil;
        earnedUntil = now;
        long earned = before == null ? 0 : (now - before) / SHARE;
        NANOS_LEFT.accumulateAndGet(this, earned, (left, more) -> Math.min(left + more, MOST_SAVED));
        for (int i = 0; i < SAMPLES; i++) {
            if (samples.get(i) != null) {
                Sample sample = samples.getAndSet(i, null);
                if (sample != null && !learn(sample)) {
                    samples.compareAndSet(i, null, sample);
                }
            }
        }
    }

    /** False as long as the name of its scope may change: a request has its final name at its end. */
    private boolean learn(Sample sample) {
        LeaseScope scope = sample.scope();
        if (scope != null && !scope.isOver()) {
            return false;
        }
        Kind kind = Kind.of(sample.statement(), sample.scope(), sample.thread());
        if (kind.statement().isEmpty()) {
            return true; // leases without a statement have too little in common
        }
        if (learned.get(kind) == null) {
            long began = ticker.nanos();
            learned.put(kind, sample.stack().lines()); // takes longer than taking the stack
            pay(began);
        }
        return true;
    }

    /** The stack of another lease of the same kind; empty if none is known. */
    List<String> likely(Lease lease) {
        List<String> lines = depth == 0 ? null : learned.get(Kind.of(lease));
        return lines == null ? List.of() : lines;
    }
}
