package io.pgheal.track;

import java.time.Instant;

/** The only clock of the core. Ages that the server tells come from the server, in the same query. */
public interface Ticker {
    /** Monotonic time in nanoseconds; only differences mean anything. */
    long nanos();

    /** The wall clock, for people to read; nothing is decided by it. */
    Instant instant();

    static Ticker system() {
        return SystemTicker.INSTANCE;
    }

    /** The machine's clock. */
    enum SystemTicker implements Ticker {
        INSTANCE;

        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public Instant instant() {
            return Instant.now();
        }
    }
}
