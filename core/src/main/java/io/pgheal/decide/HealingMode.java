package io.pgheal.decide;

/** How far pgheal may go. Can be changed while it runs. */
public enum HealingMode {
    /** Connections are lent as if pgheal were not there. */
    OFF,
    /** Judges and reports what it would have done; ends nothing. */
    OBSERVE,
    /** Judges, acts and reports. */
    HEAL
}
