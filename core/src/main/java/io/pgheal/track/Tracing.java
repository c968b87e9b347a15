package io.pgheal.track;

import org.jspecify.annotations.Nullable;

/** The application's tracing, as far as an incident needs it. Thread-safe. What it throws reaches nobody. */
@FunctionalInterface
public interface Tracing {
    /** The span that the calling thread is in; null where there is none. Asked at each borrow, so it must be quick. */
    @Nullable
    TraceContext current();

    /**
     * Does the work, which records figures and throws nothing, as if within that span: where a registry keeps exemplars, they
     * then name it.
     */
    default void within(TraceContext span, Runnable work) {
        work.run();
    }
}
