package io.pgheal.track;

import io.pgheal.Internal;
import java.time.Instant;

/**
 * The only clock of the core; tests bring their own. Ages that the server tells come from the server, in the same
 * query, and are never compared with it. Thread-safe.
 */
@Internal
public class Ticker {
    private static final Ticker SYSTEM = new Ticker();

    protected Ticker() {}

    public static Ticker system() {
        return SYSTEM;
    }

    /** Monotonic time in nanoseconds; only differences mean anything. */
    public long nanos() {
        return System.nanoTime();
    }

    /** The wall clock, for people to read; nothing is decided by it. */
    public Instant instant() {
        return Instant.now();
    }
}
