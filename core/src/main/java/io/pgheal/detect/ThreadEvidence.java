package io.pgheal.detect;

/** What evidence about threads is good for. */
public enum ThreadEvidence {
    OFF,
    REPORT,
    HEAL
}
