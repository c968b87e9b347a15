package io.pgheal.testserver;

import java.util.Locale;

/** How a server is stopped. */
public enum StopMode {
    /** Ends every session and shuts down cleanly. */
    FAST,
    /** As a crash: the next start recovers. */
    IMMEDIATE;

    String option() {
        return name().toLowerCase(Locale.ROOT);
    }
}
