package io.pgheal.heal;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One act at a time, and none holds up the others for ever. */
class ActThreadTest {
    private final StoppedClock clock = new StoppedClock();
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final ActThread acts = new ActThread("test", clock, Duration.ofSeconds(20));

    @AfterEach
    void stop() {
        goOn.countDown();
        acts.close();
    }

    /** An act that does not even heed an interrupt. */
    private void hang() throws InterruptedException {
        hang(() -> {});
    }

    private void hang(Runnable afterwards) throws InterruptedException {
        CountDownLatch began = new CountDownLatch(1);
        Runnable act = () -> {
            began.countDown();
            awaitUnmoved(goOn);
        };
        assertThat(acts.submit(ActThread.Turn.LAST, act, afterwards)).isTrue();
        assertThat(began.await(60, SECONDS)).isTrue();
    }

    /** Also by an interrupt. */
    private static void awaitUnmoved(CountDownLatch latch) {
        while (true) {
            try {
                latch.await();
                return;
            } catch (InterruptedException ignored) {
                // that is the point
            }
        }
    }

    private void pass(Duration time) {
        clock.pass(time);
        acts.watch();
    }

    private boolean runsOne() throws InterruptedException {
        CountDownLatch ran = new CountDownLatch(1);
        acts.submit(ran::countDown);
        return ran.await(60, SECONDS);
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
        assertThat(ran.await(60, SECONDS)).isTrue();
        assertThat(acts.isStuck()).isFalse();
    }

    @Test
    void onlyAnActThatWasGivenUpIsToldSo() throws Exception {
        acts.start();
        List<Boolean> told = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch began = new CountDownLatch(1);
        acts.submit(() -> {
            told.add(ActThread.isGivenUp());
            began.countDown();
            awaitUnmoved(goOn);
            told.add(ActThread.isGivenUp());
        });
        assertThat(began.await(60, SECONDS)).isTrue();
        pass(Duration.ofSeconds(21));
        goOn.countDown();
        await().until(() -> told.size() == 2);
        assertThat(told).containsExactly(false, true);

        acts.submit(() -> told.add(ActThread.isGivenUp()));
        await().until(() -> told.size() == 3);
        assertThat(told.get(2)).isFalse();
        assertThat(ActThread.isGivenUp()).as("not an act at all").isFalse();
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
        CountDownLatch began = new CountDownLatch(1);
        List<Boolean> interrupted = Collections.synchronizedList(new ArrayList<>());
        acts.submit(() -> {
            began.countDown();
            awaitUnmoved(goOn);
            Thread.currentThread().interrupt();
        });
        assertThat(began.await(60, SECONDS)).isTrue();
        Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("pgheal-"))
                .forEach(Thread::interrupt);
        goOn.countDown();
        acts.submit(() -> interrupted.add(Thread.currentThread().isInterrupted()));
        assertThat(runsOne()).isTrue();
        assertThat(interrupted).as("it was for the act before").containsExactly(false);
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

    /** Where even telling of it fails. */
    @Test
    void anActThatFailsInAWayThatCannotBeToldIsNotTheLast() throws Exception {
        acts.start();
        acts.submit(() -> {
            throw new StackOverflowError("as if") {
                private static final long serialVersionUID = 1L;

                @Override
                public String getMessage() {
                    throw new OutOfMemoryError("as if");
                }
            };
        });
        assertThat(runsOne()).isTrue();
    }

    @Test
    void whatComesAfterwardsIsDoneOnceWhetherAnActEndsFailsOrHangs() throws Exception {
        acts.start();
        AtomicInteger afterwards = new AtomicInteger();
        acts.submit(ActThread.Turn.LAST, () -> {}, afterwards::incrementAndGet);
        acts.submit(
                ActThread.Turn.LAST,
                () -> {
                    throw new StackOverflowError("as if");
                },
                afterwards::incrementAndGet);
        await().until(() -> afterwards.get() == 2);
        hang(afterwards::incrementAndGet);
        pass(Duration.ofSeconds(21));
        assertThat(afterwards).hasValue(3);
        assertThat(acts.hanging()).isOne();
        assertThat(acts.givenUp()).isOne();
        goOn.countDown();
        await().until(() -> acts.hanging() == 0);
        assertThat(afterwards).hasValue(3);
        assertThat(acts.givenUp()).isOne();
    }

    @Test
    void whoseTurnIsNextGoesBeforeTheOthers() throws Exception {
        List<String> done = Collections.synchronizedList(new ArrayList<>());
        acts.submit(() -> done.add("asked"));
        acts.submit(ActThread.Turn.NEXT, () -> done.add("certain"), () -> {});
        acts.start();
        await().until(() -> done.size() == 2);
        assertThat(done).containsExactly("certain", "asked");
    }
}
