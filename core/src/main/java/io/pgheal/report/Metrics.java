package io.pgheal.report;

import io.pgheal.Internal;
import io.pgheal.heal.Safeguards;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Where figures go; {@link #NONE} where there is no Micrometer. */
public interface Metrics extends AutoCloseable {
    Metrics NONE = new Metrics() {};

    /**
     * An incident was published.
     *
     * @param before the incident as published last; null the first time
     */
    @Internal
    default void incident(Incident incident, @Nullable Incident before) {}

    /** One look at all leases took so long. */
    default void cycle(Duration took) {}

    /** The budgets and the breaker of the data source whose figures these are. */
    @Internal
    default void safeguards(Safeguards safeguards) {}

    @Override
    default void close() {}

    /** Makes the metrics of one data source. */
    @FunctionalInterface
    interface Source {
        /**
         * Makes the metrics.
         *
         * @param healer supplies the present state of the healer of that data source
         */
        Metrics of(String dataSource, Supplier<HealerState> healer);
    }
}
