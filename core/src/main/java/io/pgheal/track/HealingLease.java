package io.pgheal.track;

import java.time.Duration;

/** The application's own word on one lease: {@code connection.unwrap(HealingLease.class)}. */
public interface HealingLease {
    /**
     * This piece of work may take long: for so much time from now no time limit applies to it. Proof that its owner is
     * gone still counts.
     */
    void extend(Duration time);

    /** Whether nothing more can be done with it but closing: it was closed, taken back, or cut by an error. */
    boolean isOver();

    /**
     * Whether it is over, or nobody came back to it since its unit of work, which was nobody else's part, ended by a
     * throwable. Proves nothing about locks: it may hold none.
     */
    boolean isLeftBehind();
}
