package io.pgheal.witness;

import java.time.Duration;

/**
 * How often, and with what result, the witness has asked the garbage collector.
 *
 * @param asked how often the collector was asked since the start
 * @param answered how often it has answered: the whole heap was marked, so that what nothing referred to was found
 * @param underWay whether it is being asked
 * @param took how long the last answer took; zero before the first one
 * @param longestStop the longest time for which a thread of the witness could not run while the collector was asked: stops of
 *     the collector, and on a busy machine the wait for a processor
 * @param silent why the collector is not asked; empty where it may be
 */
public record Testimony(
        long asked, long answered, boolean underWay, Duration took, Duration longestStop, String silent) {}
