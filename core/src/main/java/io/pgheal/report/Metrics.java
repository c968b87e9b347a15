package io.pgheal.report;

import java.time.Duration;

/** Where figures go; {@link #NONE} where there is no Micrometer. */
public interface Metrics extends AutoCloseable {
    Metrics NONE = new Metrics() {};

    default void incident(Incident incident) {}

    /** One look at all leases took so long. */
    default void cycle(Duration took) {}

    @Override
    default void close() {}
}
