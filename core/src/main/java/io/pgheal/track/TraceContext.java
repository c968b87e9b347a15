package io.pgheal.track;

/**
 * The span in which a connection was borrowed.
 *
 * @param sampled whether the tracing system keeps the span
 */
public record TraceContext(String traceId, String spanId, boolean sampled) {}
