package io.pgheal.chaos;

/** The known ways to leave a transaction behind. */
enum LeakKind {
    /** Nothing refers to the connection any more; its thread lives on. */
    HANDLE_DROPPED(Proof.COLLECTION),
    /** The same without a transaction: only the slot is lost. */
    IDLE_HANDLE_DROPPED(Proof.COLLECTION),
    THREAD_DIED(Proof.STRONG),
    VIRTUAL_THREAD_DIED(Proof.STRONG),
    EXECUTOR_TASK_ENDED(Proof.STRONG),
    FORK_JOIN_TASK_ENDED(Proof.STRONG),
    SCOPE_ENDED_BY_THROWABLE(Proof.CERTAIN),
    SCOPE_ENDED(Proof.CERTAIN),
    /** Only one half of the money was moved. */
    HALF_DONE(Proof.STRONG),
    /** An error of the application's, caught and forgotten. */
    SWALLOWED_ERROR(Proof.STRONG),
    /** The stack overflowed where the connection should have been closed. */
    OVERFLOW(Proof.STRONG),
    /** An error in the middle of a message to the server, and no clean-up. */
    CUT_MESSAGE(Proof.CERTAIN),
    SOCKET_TIMEOUT_ORPHAN(Proof.CERTAIN),
    ABORT_ORPHAN(Proof.CERTAIN),
    /** An interrupt closes the socket of a virtual thread. */
    INTERRUPT_ORPHAN(Proof.CERTAIN);

    final Proof proof;

    LeakKind(Proof proof) {
        this.proof = proof;
    }

    boolean needsVirtualThreads() {
        return this == VIRTUAL_THREAD_DIED || this == INTERRUPT_ORPHAN;
    }

    /** What the promise to heal it rests on. */
    enum Proof {
        CERTAIN,
        /** Certain once the collector has run. */
        COLLECTION,
        /** After the grace if somebody waits, else after the patience. */
        STRONG
    }
}
