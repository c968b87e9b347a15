package io.pgheal.heal;

import java.time.Duration;
import java.util.List;

/**
 * What was done and how it ended.
 *
 * @param took from the decision to the end, zero when nothing was done
 */
public record Outcome(OutcomeKind kind, List<RungResult> rungs, Duration took) {
    public Outcome {
        rungs = List.copyOf(rungs);
    }

    public static Outcome untouched(OutcomeKind kind) {
        return new Outcome(kind, List.of(), Duration.ZERO);
    }
}
