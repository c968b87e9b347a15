package io.pgheal.decide;

import io.pgheal.Internal;

/** Whether the collector is to be asked if anything still refers to the culprit's connection. */
@Internal
public enum Asking {
    NOT,
    /** As soon as the pauses between requests allow. */
    SOON,
    /** Somebody waits: the longer pauses after requests in vain do not apply. */
    NOW
}
