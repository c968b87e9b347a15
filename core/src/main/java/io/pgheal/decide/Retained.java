package io.pgheal.decide;

/** What becomes of a lease whose owner looks gone, but to which something still refers. */
public enum Retained {
    /** Some code may come back to it: pgheal reports it and leaves it alone. */
    REPORT,
    /** The user says that no code will: pgheal ends it after the grace, or after the patience where nobody waits. */
    HEAL
}
