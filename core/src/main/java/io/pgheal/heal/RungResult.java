package io.pgheal.heal;

import java.time.Duration;

/**
 * One remedy that was tried.
 *
 * @param outcome in words: what was done and what was seen
 * @param took from its beginning until its effect was seen, or waited for in vain
 */
public record RungResult(Rung rung, boolean helped, String outcome, Duration took) {}
