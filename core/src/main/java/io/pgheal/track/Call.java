package io.pgheal.track;

/** The kinds of JDBC calls that the tracker distinguishes. */
enum Call {
    /** Reads or changes settings, or reads metadata: may talk to the server, but is no use of the connection. */
    PREPARE(false),
    /** Creates a statement: only code that goes on with its work does so. */
    STATEMENT(false),
    /**
     * Passes an object of the application, such as a stream or an array, to the driver. The driver may run the object's
     * code, and that code may call this lease again while the call is in progress.
     */
    HOST(false),
    /** Resets a setting; harmless once the transaction of a cut connection was rolled back. */
    RESET(false),
    /** Closes a statement or its rows, or switches auto-commit off: like {@link #RESET}, and stays in the driver's memory. */
    LOCAL(false),
    EXECUTE(true),
    /** Reads rows, streams or large objects: the driver may fetch from the server. */
    FETCH(true),
    COMMIT(true),
    ROLLBACK(true);

    /** Whether the call counts as use: only use ties a lease to a thread. */
    final boolean isUse;

    Call(boolean isUse) {
        this.isUse = isUse;
    }

    /** On a revoked lease, a statement, a commit or a read proves that the owner was alive; clean-up proves nothing. */
    boolean refutes() {
        return this == STATEMENT || this == EXECUTE || this == FETCH || this == COMMIT;
    }
}
