package io.pgheal.report;

import io.pgheal.Internal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Figures for whoever is there to take them: nobody at first, perhaps. Thread-safe. */
@Internal
public final class LateMetrics implements Metrics {
    private volatile Metrics present = NONE;

    /** From now on figures go there; whoever took them before is closed. */
    public void bind(Metrics metrics) {
        Metrics before = present;
        present = metrics;
        before.close();
    }

    @Override
    public void incident(Incident incident, @Nullable Incident before) {
        present.incident(incident, before);
    }

    @Override
    public void cycle(Duration took) {
        present.cycle(took);
    }

    @Override
    public void close() {
        present.close();
    }
}
