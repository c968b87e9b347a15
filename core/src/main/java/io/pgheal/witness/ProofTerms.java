package io.pgheal.witness;

import java.time.Duration;

/**
 * The conditions under which a data source lets pgheal ask the garbage collector.
 *
 * @param longestStop the longest permitted stop, for a collector that cannot be asked without stopping the application
 */
public record ProofTerms(ProofMode mode, Duration longestStop) {}
