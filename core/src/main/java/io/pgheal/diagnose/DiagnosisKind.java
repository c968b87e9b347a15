package io.pgheal.diagnose;

/** What is wrong. */
public enum DiagnosisKind {
    /** One of our leases with an open transaction, and with evidence that its owner is gone. */
    ABANDONED_TRANSACTION,
    /** The same without a transaction: only its slot is lost. */
    ABANDONED_CONNECTION,
    /** One of our leases that was closed, while its transaction stayed open: a global one (JTA) that has not ended, say. */
    OPEN_AFTER_CLOSE,
    /** A backend that a lease of ours left behind, and that no client can reach any more. */
    ORPHANED_BACKEND,
    /** A root blocker that is one of our leases, its owner alive as far as is known. */
    STUCK_LOCK,
    /** A root blocker that is not ours. */
    FOREIGN_BLOCKER,
    /** A session that an operator named. */
    OPERATORS_CHOICE,
    /** A statement of ours failed to get a lock before pgheal saw who held it. */
    HOLDER_NOT_SEEN
}
