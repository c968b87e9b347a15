package io.pgheal.demo.faults;

import org.jspecify.annotations.Nullable;

/**
 * What the page shows about a fault.
 *
 * @param spared whether this only looks like a fault: the work is alive, and pgheal must leave it alone
 * @param unavailable why the fault cannot be shown on this machine, or null
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
