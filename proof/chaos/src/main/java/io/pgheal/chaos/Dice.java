package io.pgheal.chaos;

import java.time.Duration;
import java.util.SplittableRandom;

/**
 * Everything random of one actor, from the soak's seed and the actor's name: what one actor draws does not depend on
 * what another does meanwhile, nor on any timing. Not thread-safe.
 */
final class Dice {
    private final SplittableRandom random;

    private Dice(SplittableRandom random) {
        this.random = random;
    }

    static Dice of(long seed, String actor) {
        return new Dice(new SplittableRandom(seed * 0x9E3779B97F4A7C15L + actor.hashCode()));
    }

    /** Dice of its own for one act, so that how many it throws does not shift what comes after it. */
    Dice split() {
        return new Dice(random.split());
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    int between(int least, int most) {
        return random.nextInt(least, most + 1);
    }

    long token() {
        return random.nextLong();
    }

    boolean percent(int chance) {
        return random.nextInt(100) < chance;
    }

    Duration millis(int least, int most) {
        return Duration.ofMillis(between(least, most));
    }

    @SafeVarargs
    final <T> T oneOf(T... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
