package io.pgheal.decide;

/** What is to be done about a diagnosis. */
public enum Action {
    HEAL,
    /** Would have been healed, if that were allowed. */
    WOULD_HEAL,
    REPORT,
    /** Not yet: look again. */
    WAIT,
    NOTHING
}
