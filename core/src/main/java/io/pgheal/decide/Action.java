package io.pgheal.decide;

import io.pgheal.Internal;

/** What is to be done about a diagnosis. */
@Internal
public enum Action {
    HEAL,
    /** Would have been healed, if that were allowed. */
    WOULD_HEAL,
    REPORT,
    /** Not yet: look again. */
    WAIT,
    NOTHING
}
