package io.pgheal.detect;

/** How much a piece of evidence proves; in this order. */
public enum Strength {
    /** Told with the story, proves nothing. */
    NONE,
    /** Reported, never acted on. */
    REPORT_ONLY,
    /** Acted on after a grace. */
    STRONG,
    /** Acted on at once. */
    CERTAIN
}
