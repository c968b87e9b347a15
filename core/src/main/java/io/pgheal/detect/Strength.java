package io.pgheal.detect;

/** How much a piece of evidence proves; in this order. */
public enum Strength {
    /** Reported with the incident, proves nothing. */
    NONE,
    /** A reason to ask whether anything still refers to the connection; ends nothing by itself. */
    SUSPICION,
    /** No code can come back to the connection, or the application said that none will: pgheal acts at once. */
    CERTAIN
}
