package io.pgheal.cycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.heal.ActThread;
import io.pgheal.postgres.BackendId;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AfterlifeScheduleTest {
    private static final int MANY = 1000;

    private final AtomicLong nanos = new AtomicLong();
    private final Ticker clock = new Ticker() {
        @Override
        public long nanos() {
            return nanos.get();
        }
    };
    private final ActThread acts = new ActThread("test", clock, Duration.ofHours(1));
    private final AfterlifeSchedule schedule = new AfterlifeSchedule(acts, clock, () -> {});

    @BeforeEach
    void start() {
        acts.start();
    }

    @AfterEach
    void close() {
        acts.close();
    }

    private static BackendId backend(int pid) {
        return new BackendId(pid, "2026-01-01T00:00:00Z");
    }

    /** Nobody can say that they are gone, so they stay; returns which were asked about. */
    private Set<BackendId> askInVain() throws InterruptedException {
        Set<BackendId> asked = new HashSet<>();
        schedule.look(List.of(), nanos.get(), outlived -> {
            asked.addAll(outlived.backends());
            return outlived.backends();
        });
        CountDownLatch done = new CountDownLatch(1);
        acts.submit(done::countDown);
        done.await();
        return asked;
    }

    @Test
    void aServerThatIsGoneForGoodDoesNotTakeThePlacesOfOthers() throws Exception {
        for (int pid = 1; pid <= MANY; pid++) {
            schedule.add(backend(pid), nanos.get());
        }
        assertThat(askInVain()).hasSize(MANY);
        for (int more = 1; more <= 2; more++) {
            schedule.add(backend(MANY + more), nanos.get());
            assertThat(askInVain()).containsExactly(backend(MANY + more));
        }
        nanos.addAndGet(Duration.ofMinutes(1).toNanos());
        assertThat(askInVain()).as("no more than that are kept").hasSize(MANY);
    }
}
