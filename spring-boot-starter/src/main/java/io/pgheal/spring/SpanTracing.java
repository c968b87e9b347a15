package io.pgheal.spring;

import io.micrometer.tracing.CurrentTraceContext;
import io.micrometer.tracing.Span;
import io.micrometer.tracing.Tracer;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.track.TraceContext;
import io.pgheal.track.Tracing;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Reads the current span from the application's tracer, once the tracer exists: asking for the tracer while data
 * sources are created would create it too early. Before that, and where there is none, the span comes from the logging
 * context.
 */
final class SpanTracing implements Tracing, GuardCustomizer, SmartInitializingSingleton {
    private final ObjectProvider<Tracer> application;
    private final Tracing otherwise = new MdcTracing();
    private volatile @Nullable Tracer tracer;

    SpanTracing(ObjectProvider<Tracer> application) {
        this.application = application;
    }

    @Override
    public void customize(SelfHealingDataSource.Builder guard) {
        guard.tracing(this);
    }

    @Override
    public void afterSingletonsInstantiated() {
        tracer = application.getIfUnique();
    }

    @Override
    public @Nullable TraceContext current() {
        Tracer known = tracer;
        if (known == null) {
            return otherwise.current();
        }
        Span span = known.currentSpan();
        if (span == null) {
            return null;
        }
        String trace = span.context().traceId();
        return trace.isEmpty() // a no-op tracer also has a span
                ? otherwise.current()
                : new TraceContext(
                        trace,
                        span.context().spanId(),
                        Boolean.TRUE.equals(span.context().sampled()));
    }

    @Override
    public void within(TraceContext span, Runnable work) {
        CurrentTraceContext.Scope scope = open(span);
        try {
            work.run();
        } finally {
            if (scope != null) {
                scope.close();
            }
        }
    }

    private CurrentTraceContext.@Nullable Scope open(TraceContext span) {
        Tracer known = tracer;
        if (known == null) {
            return null;
        }
        try {
            return known.currentTraceContext()
                    .newScope(known.traceContextBuilder()
                            .traceId(span.traceId())
                            .spanId(span.spanId())
                            .sampled(span.sampled())
                            .build());
        } catch (RuntimeException | LinkageError e) {
            return null; // the meters matter more than their exemplars
        }
    }
}
