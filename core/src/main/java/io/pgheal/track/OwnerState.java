package io.pgheal.track;

import io.pgheal.Internal;

/** What became of the thread that borrowed a lease. */
@Internal
public enum OwnerState {
    /** Alive as far as anybody knows. */
    ALIVE,
    /** Terminated, or not even reachable any more. */
    ENDED
}
