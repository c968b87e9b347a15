package io.pgheal.decide;

import io.pgheal.Internal;

/** Whether the collector is to be asked if anything still refers to the culprit's connection. */
@Internal
public enum Asking {
    NOT,
    /** As soon as asking costs no more than it may. */
    SOON,
    /** Somebody waits, and it was not asked since the culprit fell silent. */
    NOW
}
