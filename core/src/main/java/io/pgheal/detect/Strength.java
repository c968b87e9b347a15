package io.pgheal.detect;

/** How much a piece of evidence proves; in this order. */
public enum Strength {
    /** Told with the story, proves nothing. */
    NONE,
    /** A reason to ask whether anything still refers to the connection; ends nothing by itself. */
    SUSPICION,
    /** No code can come back to it, or the application said that none will: acted on at once. */
    CERTAIN
}
