package io.pgheal;

/** The remedy that an operator asks for. */
public enum Release {
    /**
     * {@code pg_cancel_backend}: ends the statement that runs. Its transaction is rolled back with it (but for savepoints and
     * {@code autosave}), the session lives on. Does nothing to a session that is idle in transaction.
     */
    CANCEL,
    /** {@code pg_terminate_backend}: ends the session. A connection of ours that is idle is aborted instead. */
    TERMINATE
}
