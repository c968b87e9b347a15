package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class WaitingTest {
    private long now;
    private final Waiting waiting = new Waiting(new Ticker() {
        @Override
        public long nanos() {
            return now;
        }
    });

    @Test
    void whoIsInsideForAMomentDoesNotWaitHoweverOftenOneLooks() {
        waiting.came();
        for (int look = 0; look < 40; look++) {
            assertThat(waiting.getAsInt()).isZero();
            pass(Duration.ofMillis(10));
        }
        waiting.left();
        pass(Duration.ofSeconds(1));
        assertThat(waiting.getAsInt()).isZero();
        pass(Duration.ofSeconds(1));
        assertThat(waiting.getAsInt()).isZero();
    }

    @Test
    void whoStaysInsideWaits() {
        waiting.came();
        waiting.came();
        waiting.left();
        for (int look = 0; look < 110; look++) {
            waiting.getAsInt();
            pass(Duration.ofMillis(10));
        }
        assertThat(waiting.getAsInt()).isEqualTo(1);
        waiting.left();
        assertThat(waiting.getAsInt()).isZero();
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }
}
