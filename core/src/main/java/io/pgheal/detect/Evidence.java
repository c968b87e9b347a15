package io.pgheal.detect;

import java.time.Duration;

/**
 * One piece of evidence that a lease is abandoned.
 *
 * @param age how long it has held, by the loop's ticker
 */
public record Evidence(EvidenceKind kind, Strength strength, Duration age, String detail) {}
