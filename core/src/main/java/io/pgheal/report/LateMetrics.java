package io.pgheal.report;

import io.pgheal.Internal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Forwards figures to metrics that may be bound later. Thread-safe. */
@Internal
public final class LateMetrics implements Metrics {
    private volatile Metrics present = NONE;

    /** Forwards the figures to these metrics from now on, and closes the previous ones. */
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
