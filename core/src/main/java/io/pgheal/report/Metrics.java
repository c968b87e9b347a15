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
     * An incident was told.
     *
     * @param before as it was told last; null the first time
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

    /** Makes the place where the figures of one data source go. */
    @FunctionalInterface
    interface Source {
        /**
         * Makes it.
         *
         * @param healer how the healer of that data source is, whenever it is asked
         */
        Metrics of(String dataSource, Supplier<HealerState> healer);
    }
}
