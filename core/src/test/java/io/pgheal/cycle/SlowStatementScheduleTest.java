package io.pgheal.cycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.cycle.SlowStatementSchedule.Question;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.heal.ActThread;
import io.pgheal.postgres.BackendId;
import io.pgheal.track.Lease;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Snapshots;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SlowStatementScheduleTest {
    private final AtomicLong nanos = new AtomicLong();
    private final Ticker clock = new Ticker() {
        @Override
        public long nanos() {
            return nanos.get();
        }
    };
    private final ActThread acts = new ActThread("test", clock, Duration.ofHours(1));
    private final SlowStatementSchedule schedule = new SlowStatementSchedule(acts, clock, 0);
    private final Lease waiting = Snapshots.leaseOn(new BackendId(1, "2026-01-01T00:00:00Z"));
    private final Lease another = Snapshots.leaseOn(new BackendId(2, "2026-01-01T00:00:00Z"));
    private final List<Duration> asked = new ArrayList<>();

    @BeforeEach
    void start() {
        acts.start();
    }

    @AfterEach
    void close() {
        acts.close();
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private static LeaseSnapshot runs(Lease lease, Duration time) {
        return Snapshots.lease().of(lease).inCall(false).quietFor(time).snapshot();
    }

    /** @param limit when a time limit will be over; zero for none */
    private Question taking(Duration time, Duration limit) {
        return (slow, whenAsked) -> {
            asked.add(Duration.ofNanos(nanos.get()));
            pass(time);
            whenAsked.run();
            return List.of(new Decision(Action.REPORT, "test", false, false, limit));
        };
    }

    private void look(Question question, LeaseSnapshot... slow) throws InterruptedException {
        schedule.look(List.of(slow), nanos.get(), question);
        awaitActs();
    }

    private void awaitActs() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        acts.submit(done::countDown);
        done.await();
    }

    /** A look is in the queue when the heal comes before it, and is left out. */
    private void lookBehindAHeal(Question question, LeaseSnapshot... slow) throws InterruptedException {
        CountDownLatch healed = new CountDownLatch(1);
        acts.submit(() -> {
            try {
                healed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        schedule.look(List.of(slow), nanos.get(), question);
        schedule.healed();
        healed.countDown();
        awaitActs();
    }

    /** A rule of the user waits for no queue to drain. */
    @Test
    void aTimeLimitIsKeptAlsoIfALookBeforeIsLeftOut() throws Exception {
        Question question = taking(Duration.ofMillis(1), Duration.ofSeconds(1));
        look(question, runs(waiting, Duration.ofSeconds(4)));
        assertThat(asked).hasSize(1);
        pass(Duration.ofMillis(900));
        lookBehindAHeal(question, runs(waiting, Duration.ofMillis(4900)), runs(another, Duration.ofMillis(500)));
        assertThat(asked).as("left out").hasSize(1);
        pass(Duration.ofMillis(300));
        look(question, runs(waiting, Duration.ofMillis(5200)));
        assertThat(asked).hasSize(2);
    }

    /** Otherwise it would count as a quick one, and long questions would follow each other in a series of heals. */
    @Test
    void aLookThatIsLeftOutChangesNothingAboutThePause() throws Exception {
        Question question = taking(Duration.ofSeconds(1), Duration.ZERO);
        look(question, runs(waiting, Duration.ofSeconds(1)));
        pass(Duration.ofSeconds(1));
        look(question, runs(waiting, Duration.ofSeconds(3))); // the second long one in a row: no exception
        assertThat(asked).hasSize(2);
        pass(Duration.ofSeconds(20));
        lookBehindAHeal(question, runs(waiting, Duration.ofSeconds(24)));
        assertThat(asked).as("left out").hasSize(2);
        pass(Duration.ofSeconds(1));
        look(question, runs(another, Duration.ofMillis(500)));
        assertThat(asked).as("it was due already").hasSize(3);
        pass(Duration.ofSeconds(10));
        look(question, runs(waiting, Duration.ofSeconds(60)));
        assertThat(asked).as("not for more than a share of the time").hasSize(3);
    }
}
