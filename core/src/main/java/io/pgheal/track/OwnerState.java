package io.pgheal.track;

import io.pgheal.Internal;

/** The state of the thread that borrowed a lease. */
@Internal
public enum OwnerState {
    /** Alive as far as anybody knows. */
    ALIVE,
    /** Terminated, or no longer reachable. */
    ENDED
}
