package io.pgheal.heal;

import io.pgheal.Internal;
import io.pgheal.postgres.TransactionEnd;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was done and how it ended.
 *
 * @param transaction what became of the culprit's transaction; null when it had none, or pgheal did nothing
 * @param took from the decision to the end, zero when nothing was done
 */
@Internal
public record Outcome(
        OutcomeKind kind, List<RungResult> rungs, @Nullable TransactionEnd transaction, Duration took) {
    public Outcome {
        rungs = List.copyOf(rungs);
    }

    public static Outcome untouched(OutcomeKind kind) {
        return new Outcome(kind, List.of(), null, Duration.ZERO);
    }
}
