package io.pgheal.decide;

/** What becomes of a lease whose owner looks gone, but to which something still refers. */
public enum Retained {
    /** Somebody may come back to it: it is told of and left alone. */
    REPORT,
    /** The user says that nobody does: it is ended after the grace, or after the patience where nobody waits. */
    HEAL
}
