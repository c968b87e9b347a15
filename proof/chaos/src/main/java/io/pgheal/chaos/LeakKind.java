package io.pgheal.chaos;

/** The known ways to leave a transaction behind. */
enum LeakKind {
    /** Nothing refers to the connection any more; its thread lives on. */
    HANDLE_DROPPED(Proof.COLLECTION),
    /** The same without a transaction: only the slot is lost. */
    IDLE_HANDLE_DROPPED(Proof.COLLECTION),
    /** The same, and its thread has ended. */
    THREAD_DIED(Proof.COLLECTION),
    VIRTUAL_THREAD_DIED(Proof.COLLECTION),
    /** Nothing refers to it, and its thread waits for its next task. */
    EXECUTOR_TASK_ENDED(Proof.COLLECTION),
    FORK_JOIN_TASK_ENDED(Proof.COLLECTION),
    SCOPE_ENDED_BY_THROWABLE(Proof.CERTAIN),
    SCOPE_ENDED(Proof.CERTAIN),
    /** Only one half of the money was moved. */
    HALF_DONE(Proof.COLLECTION),
    /** An error of the application's, caught and forgotten. */
    SWALLOWED_ERROR(Proof.COLLECTION),
    /** The stack overflowed where the connection should have been closed. */
    OVERFLOW(Proof.COLLECTION),
    /** An error in the middle of a message to the server, and no clean-up. */
    CUT_MESSAGE(Proof.CERTAIN),
    SOCKET_TIMEOUT_ORPHAN(Proof.CERTAIN),
    ABORT_ORPHAN(Proof.CERTAIN),
    /** An interrupt closes the socket of a virtual thread. */
    INTERRUPT_ORPHAN(Proof.CERTAIN),
    /** A statement failed after a savepoint: the transaction is aborted, and holds its locks. */
    SAVEPOINT_ABORTED(Proof.COLLECTION),
    /** A reader that forgot its transaction: DDL waits for it, and everybody else for the DDL. */
    READER_BEFORE_DDL(Proof.COLLECTION),
    /** Closed in the middle of a COPY. */
    COPY_NOT_ENDED(Proof.CERTAIN),
    /** Something referred to it for a while, so that it was told as retained and left alone; then nothing did. */
    KEPT_THEN_DROPPED(Proof.COLLECTION),
    /** Only a slot, while the pool has nothing else to lend. */
    IDLE_SLOT(Proof.EXHAUSTION),
    // Not leaks: their owners are alive, and the user wants them ended all the same.
    IDLE_BEYOND_LIMIT(Proof.LIMIT),
    ACTIVE_BEYOND_LIMIT(Proof.LIMIT),
    RELEASED_BY_OPERATOR(Proof.OPERATOR);

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
        /** The same, and somebody has to exhaust the pool first. */
        EXHAUSTION,
        /** The user set a time limit, and somebody waits. */
        LIMIT,
        OPERATOR;

        /** Whether it counts how long somebody waited: that starts anew after a pause of the process. */
        boolean countsTime() {
            return this == LIMIT;
        }

        /**
         * How much later it comes than one look on a machine that has little time for us: a heal takes several steps; and
         * who waits for whom pgheal asks the less often the longer that takes, so that asking is a twentieth of the time.
         */
        int steps() {
            return this == LIMIT ? 20 : 3;
        }
    }
}
