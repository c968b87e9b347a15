package io.pgheal.track;

import io.pgheal.Internal;
import java.time.Instant;

/**
 * The only clock of the core; tests bring their own. Ages on the server are computed by the server, in the same query,
 * and never compared with this clock. Thread-safe.
 */
@Internal
public class Ticker {
    private static final Ticker SYSTEM = new Ticker();

    protected Ticker() {}

    public static Ticker system() {
        return SYSTEM;
    }

    /** Monotonic time in nanoseconds; only differences are meaningful. */
    public long nanos() {
        return System.nanoTime();
    }

    /** The wall clock, for people to read; no decision uses it. */
    public Instant instant() {
        return Instant.now();
    }
}
