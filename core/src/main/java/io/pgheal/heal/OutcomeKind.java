package io.pgheal.heal;

/** How a heal ended. */
public enum OutcomeKind {
    /** The transaction was seen to be gone. */
    HEALED,
    /** The connection was aborted or the backend signalled, but the server could not be asked whether that helped. */
    RELEASED_UNVERIFIED,
    /** Its owner moved on before anything was done: there was nothing to heal. */
    WITHDRAWN,
    /** Every remedy was tried, and the transaction is still there. A person is needed. */
    UNRESOLVED,
    /** It would have been healed, if that were allowed. */
    WOULD_HEAL,
    /** Reported; pgheal ended nothing. */
    REPORTED,
    /** The owner was alive after all: the judgement was wrong. */
    REFUTED
}
