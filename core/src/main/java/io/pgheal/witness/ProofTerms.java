package io.pgheal.witness;

import java.time.Duration;

/**
 * On what terms a data source lets the garbage collector be asked.
 *
 * @param longestStop where it cannot be asked without stopping the application: for how long at most
 */
public record ProofTerms(ProofMode mode, Duration longestStop) {}
