package io.pgheal.track;

import java.time.Duration;

/** The application's own word on one lease: {@code connection.unwrap(HealingLease.class)}. */
public interface HealingLease {
    /**
     * This piece of work may take long: for so much time from now no time limit applies to it. Proof that its owner is
     * gone still counts.
     */
    void extend(Duration time);
}
