package io.pgheal.track;

import java.time.Duration;

/** What the application can say about one lease: {@code connection.unwrap(HealingLease.class)}. */
public interface HealingLease {
    /**
     * Declares that the current piece of work may take long: for the given time from now no time limit applies to it.
     * Proof that its owner is gone still counts.
     */
    void extend(Duration time);

    /** Whether only closing is left to do: the connection was closed, taken back, or cut by an error. */
    boolean isOver();

    /**
     * Whether the lease is over, or its unit of work, which was not part of other work, ended by a throwable and no
     * call came since. Says nothing about locks: the lease may hold none.
     */
    boolean isLeftBehind();
}
