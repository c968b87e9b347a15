package io.pgheal.track;

import io.pgheal.postgres.Below;
import java.sql.Connection;
import java.time.Duration;

/** What the application can say about one lease. */
public interface HealingLease {
    /**
     * The lease of a connection, also below what wraps it. Where pgheal has none, because it is off or was not asked for the
     * connection, the answer is a lease that only knows whether the connection is closed, and on which {@link #extend} does
     * nothing. So code that asks for time works in every mode, and without pgheal's data source.
     */
    static HealingLease of(Connection connection) {
        HealingLease lease = Below.find(connection, HealingLease.class);
        return lease == null ? new NoLease(connection) : lease;
    }

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
