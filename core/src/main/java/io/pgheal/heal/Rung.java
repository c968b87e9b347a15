package io.pgheal.heal;

/** The remedies, the gentlest first. */
public enum Rung {
    /** Fence the lease, close its socket, free its slot. */
    ABORT,
    /** {@code pg_cancel_backend}: ends the statement that runs. */
    CANCEL,
    /** {@code pg_terminate_backend}: ends the session. */
    TERMINATE
}
