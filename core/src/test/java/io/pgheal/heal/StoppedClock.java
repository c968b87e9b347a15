package io.pgheal.heal;

import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Time passes when it is told to. */
final class StoppedClock extends Ticker {
    private final AtomicLong now = new AtomicLong();

    @Override
    public long nanos() {
        return now.get();
    }

    void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }
}
