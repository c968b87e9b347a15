package io.pgheal.heal;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One act at a time, and none holds up the others for ever. */
@Timeout(60)
class ActThreadTest {
    private final AtomicLong now = new AtomicLong();
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final ActThread acts = new ActThread(
            "test",
            new Ticker() {
                @Override
                public long nanos() {
                    return now.get();
                }
            },
            Duration.ofSeconds(20));

    @AfterEach
    void stop() {
        goOn.countDown();
        acts.close();
    }

    /** An act that does not even heed an interrupt. */
    private void hang() throws InterruptedException {
        CountDownLatch began = new CountDownLatch(1);
        assertThat(acts.submit(() -> {
                    began.countDown();
                    boolean over = false;
                    while (!over) {
                        try {
                            goOn.await();
                            over = true;
                        } catch (InterruptedException ignored) {
                            // that is the point
                        }
                    }
                }))
                .isTrue();
        assertThat(began.await(10, SECONDS)).isTrue();
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
        acts.watch();
    }

    private boolean runsOne() throws InterruptedException {
        CountDownLatch ran = new CountDownLatch(1);
        acts.submit(ran::countDown);
        return ran.await(10, SECONDS);
    }

    @Test
    void anActThatHangsIsGivenUpAndTheNextOneRuns() throws Exception {
        acts.start();
        hang();
        pass(Duration.ofSeconds(19));
        CountDownLatch ran = new CountDownLatch(1);
        acts.submit(ran::countDown);
        assertThat(ran.getCount()).as("one act at a time").isOne();
        pass(Duration.ofSeconds(2));
        assertThat(ran.await(10, SECONDS)).isTrue();
        assertThat(acts.isStuck()).isFalse();
    }

    @Test
    void threeThatHangAreEnoughUntilTheyEnd() throws Exception {
        acts.start();
        for (int i = 0; i < 3; i++) {
            assertThat(acts.isStuck()).isFalse();
            hang();
            pass(Duration.ofSeconds(21));
        }
        assertThat(acts.isStuck()).isTrue();
        goOn.countDown();
        assertThat(runsOne()).isTrue();
        await().until(() -> !acts.isStuck());
    }

    @Test
    void anActThatFailsIsNotTheLast() throws Exception {
        acts.start();
        acts.submit(() -> {
            throw new StackOverflowError("as if");
        });
        assertThat(runsOne()).isTrue();
    }

    @Test
    void anInterruptEndsNothing() throws Exception {
        acts.start();
        Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("pgheal-test-act"))
                .forEach(Thread::interrupt);
        assertThat(runsOne()).isTrue();
    }

    @Test
    void noMoreThanAThousandWait() {
        AtomicInteger taken = new AtomicInteger();
        for (int i = 0; i < 3000; i++) {
            if (acts.submit(() -> {})) {
                taken.incrementAndGet();
            }
        }
        assertThat(taken).hasValue(1024);
    }
}
