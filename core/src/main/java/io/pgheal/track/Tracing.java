package io.pgheal.track;

import org.jspecify.annotations.Nullable;

/**
 * The application's tracing, as far as an incident needs it. Thread-safe. Exceptions of an implementation are caught.
 */
@FunctionalInterface
public interface Tracing {
    /** The current span of the calling thread; null where there is none. Called at each borrow, so it must be quick. */
    @Nullable
    TraceContext current();

    /**
     * Runs the work within that span. The work records meters and throws nothing; a registry that keeps exemplars then
     * refers to the span.
     */
    default void within(TraceContext span, Runnable work) {
        work.run();
    }
}
