package io.pgheal.cycle;

import java.util.Arrays;

/** How long something usually takes: the median of the last times. Thread-safe. */
final class Usual {
    private static final int KEPT = 15;

    private final long[] last = new long[KEPT];
    private long count;

    synchronized void add(long nanos) {
        last[(int) (count++ % KEPT)] = nanos;
    }

    /** In nanoseconds; zero as long as nothing was added. */
    synchronized long median() {
        long[] known = Arrays.copyOf(last, (int) Math.min(count, KEPT));
        Arrays.sort(known);
        return known.length == 0 ? 0 : known[known.length / 2];
    }
}
