package io.pgheal.track;

/** What became of the thread that borrowed a lease. */
public enum OwnerState {
    /** Alive as far as anybody knows. */
    ALIVE,
    /** Terminated, or not even reachable any more. */
    ENDED
}
