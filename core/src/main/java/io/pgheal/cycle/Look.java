package io.pgheal.cycle;

import java.time.Duration;

/**
 * When something is looked at next, by the ticker's nanoseconds; while an act about it is under way, not at all. Immutable.
 *
 * @param pause until the look after the next one, unless the act's result says otherwise
 */
record Look(boolean underWay, long next, Duration pause) {
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    static Look at(long next, Duration pause) {
        return new Look(false, next, pause);
    }

    boolean isDue(long now) {
        return !underWay && next - now <= 0;
    }

    Look begun() {
        return new Look(true, next, pause);
    }

    Look again(long now, Duration in) {
        return new Look(false, now + bounded(in).toNanos(), pause);
    }

    Look backOff(long now) {
        return new Look(false, now + pause.toNanos(), bounded(pause.multipliedBy(2)));
    }

    private static Duration bounded(Duration pause) {
        return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    }
}
