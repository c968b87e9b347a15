package io.pgheal.track;

/** The kinds of calls that an application makes through a handle, as far as they differ for the tracker. */
enum Call {
    /** Reads or changes settings, reads metadata: may talk to the server, but is no use of it. */
    PREPARE(false),
    /** Creates a statement: what only code that goes on with its work does. */
    STATEMENT(false),
    /**
     * Hands the driver an object of the application, a stream or an array say, whose own code may come back through
     * this lease while the call is in progress.
     */
    HOST(false),
    /** Puts a setting back; harmless once the transaction of a cut connection was rolled back. */
    RESET(false),
    EXECUTE(true),
    /** Reads rows, streams, large objects: what may make the driver fetch. */
    FETCH(true),
    COMMIT(true),
    ROLLBACK(true);

    /** Whether the call counts as use: only use ties a lease to a thread. */
    final boolean isUse;

    Call(boolean isUse) {
        this.isUse = isUse;
    }

    /** A statement, a commit or reading on a revoked lease proves that its owner was alive; cleaning up proves nothing. */
    boolean refutes() {
        return this == STATEMENT || this == EXECUTE || this == FETCH || this == COMMIT;
    }
}
