package io.pgheal.demo.faults;

import org.jspecify.annotations.Nullable;

/**
 * What the page tells about a fault.
 *
 * @param spared whether this only looks like a fault: it is alive, and has to be left alone
 * @param unavailable why it cannot be shown on this machine, or null
 */
record FaultCard(
        String kind,
        String title,
        String story,
        String leaks,
        boolean spared,
        @Nullable String unavailable) {

    static FaultCard mustBeHealed(String kind, String title, String story, String leaks) {
        return new FaultCard(kind, title, story, leaks, false, null);
    }

    static FaultCard mustBeSpared(String kind, String title, String story, String leaks) {
        return new FaultCard(kind, title, story, leaks, true, null);
    }

    FaultCard unavailable(String why) {
        return new FaultCard(kind, title, story, leaks, spared, why);
    }
}
