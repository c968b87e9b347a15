package io.pgheal.spring;

import io.pgheal.track.TraceContext;
import io.pgheal.track.Tracing;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/** The span in the logging context, under the key names that Spring Boot and most others use. */
final class MdcTracing implements Tracing {
    @Override
    public @Nullable TraceContext current() {
        String trace = MDC.get("traceId");
        String span = MDC.get("spanId");
        return trace == null || span == null ? null : new TraceContext(trace, span, false);
    }
}
