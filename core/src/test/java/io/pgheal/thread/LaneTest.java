package io.pgheal.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Lanes of several data sources on the threads of one crew. */
class LaneTest {
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private volatile boolean noMoreThreads;
    private final Crew crew = crewWhoseThreadsAreFreeFor(Duration.ofDays(1));
    private final Lane one = new Lane(crew, "one", "lane", 1000);
    private final Lane other = new Lane(crew, "other", "lane", 1000);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final List<Object> done = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void close() {
        goOn.countDown();
        one.close();
        other.close();
    }

    private Crew crewWhoseThreadsAreFreeFor(Duration time) {
        return new Crew(1, time.toMillis(), work -> {
            if (noMoreThreads) {
                throw new IllegalStateException("as if there were no more threads");
            }
            Thread thread = new Thread(work, "lane-test");
            thread.setDaemon(true);
            threads.add(thread);
            return thread;
        });
    }

    private Runnable hanging() throws InterruptedException {
        CountDownLatch began = new CountDownLatch(1);
        Runnable task = () -> {
            began.countDown();
            boolean interrupted = awaitUnmoved(goOn);
            done.add(interrupted ? "interrupted" : "undisturbed");
        };
        one.add(task);
        began.await();
        return task;
    }

    /** Also by an interrupt: whether there was one. */
    private static boolean awaitUnmoved(CountDownLatch latch) {
        boolean interrupted = false;
        while (latch.getCount() > 0) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        return interrupted;
    }

    private long alive() {
        return threads.stream().filter(Thread::isAlive).count();
    }

    private boolean isFree() {
        return threads.stream().anyMatch(thread -> thread.isAlive() && thread.getState() == Thread.State.TIMED_WAITING);
    }

    @Test
    void tasksAreDoneInTheirOrder() {
        one.start();
        List<Object> expected = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            int number = i;
            expected.add(number);
            assertThat(one.add(() -> done.add(number))).isTrue();
        }
        await().until(() -> done.size() == 500);
        assertThat(done).isEqualTo(expected);
    }

    @Test
    void aTaskThatHangsHoldsUpNoOtherLane() throws Exception {
        one.start();
        other.start();
        hanging();
        one.add(() -> done.add("behind it"));
        other.add(() -> done.add("of another"));
        await().until(() -> !done.isEmpty());
        assertThat(done).containsExactly("of another");
        goOn.countDown();
        await().until(() -> done.size() == 3);
        assertThat(done).containsExactly("of another", "undisturbed", "behind it");
    }

    @Test
    void theNextTaskDoesNotWaitForOneThatIsGivenUp() throws Exception {
        one.start();
        Runnable task = hanging();
        one.add(() -> done.add("next"));
        one.giveUp(task);
        await().until(() -> !done.isEmpty());
        assertThat(done).containsExactly("next");
        goOn.countDown();
        await().until(() -> done.size() == 2);
        assertThat(done).containsExactly("next", "interrupted");
    }

    /** Which may have ended just now: the thread is at another data source's work. */
    @Test
    void nobodyElseIsGivenUpInThePlaceOfATaskThatEnded() throws Exception {
        one.start();
        Runnable over = () -> done.add("over");
        one.add(over);
        await().until(() -> one.underWay() == null && !done.isEmpty());
        hanging();
        one.giveUp(over);
        one.interrupt(over);
        one.add(() -> done.add("next"));
        goOn.countDown();
        await().until(() -> done.size() == 3);
        assertThat(done).containsExactly("over", "undisturbed", "next");
    }

    @Test
    void anInterruptIsForOneTaskOnly() {
        one.start();
        one.add(() -> Thread.currentThread().interrupt());
        one.add(() -> done.add(Thread.currentThread().isInterrupted()));
        await().until(() -> done.size() == 1);
        assertThat(done).containsExactly(false);
        assertThat(alive()).as("nor does it end the thread").isPositive();
    }

    @Test
    void aThreadSaysForWhomItWorksAndHasHisClassLoaderMeanwhile() {
        ClassLoader mine = Thread.currentThread().getContextClassLoader();
        one.start();
        one.add(() -> done.add(
                List.of(Thread.currentThread().getName(), Thread.currentThread().getContextClassLoader() == mine)));
        await().until(() -> done.size() == 1);
        assertThat(done).containsExactly(List.of("pgheal-one-lane", true));
        await().untilAsserted(() -> assertThat(threads)
                .filteredOn(Thread::isAlive)
                .allMatch(thread -> thread.getContextClassLoader() == null)
                .allMatch(thread -> !thread.getName().contains("one")));
    }

    @Test
    void aThreadIsFreeBeforeItIsNeeded() throws Exception {
        one.start();
        await().until(this::isFree);
        hanging();
        one.watch();
        noMoreThreads = true;
        other.start();
        other.add(() -> done.add("needs no new thread"));
        await().until(() -> !done.isEmpty());
    }

    @Test
    void theThreadThatIsKeptFreeIsTheOneThatTakesTheWork() throws Exception {
        one.start();
        noMoreThreads = true;
        one.add(() -> done.add("done"));
        await().until(() -> !done.isEmpty());
        assertThat(threads).hasSize(1);
    }

    /** As where the system has none left. */
    @Test
    void tasksThatFoundNoThreadGetOneAsSoonAsThereIsOne() throws Exception {
        noMoreThreads = true;
        one.start();
        assertThat(one.add(() -> done.add("done"))).isTrue();
        one.watch();
        assertThat(done).isEmpty();
        noMoreThreads = false;
        one.watch();
        await().until(() -> !done.isEmpty());
    }

    @Test
    void whenNobodyIsLeftTheThreadsEndAtOnce() throws Exception {
        one.start();
        other.start();
        hanging();
        other.add(() -> done.add("other"));
        await().until(() -> done.size() == 1);
        one.close();
        goOn.countDown();
        await().until(() -> done.contains("interrupted"));
        other.add(() -> done.add("still there"));
        await().until(() -> done.contains("still there"));
        other.close();
        await().until(() -> alive() == 0);
        assertThat(other.add(() -> done.add("too late"))).isFalse();
    }

    @Test
    void whatThrowsIsNotTheLast() throws Exception {
        one.start();
        CountDownLatch began = new CountDownLatch(1);
        one.add(() -> {
            began.countDown();
            awaitUnmoved(goOn);
            throw new StackOverflowError("as if");
        });
        began.await();
        one.add(() -> done.add("next"));
        goOn.countDown();
        await().until(() -> !done.isEmpty());
    }

    @Test
    void theSpareThreadStaysHoweverLongItIsFree() {
        Crew hasty = crewWhoseThreadsAreFreeFor(Duration.ofMillis(5));
        try (Lane lane = new Lane(hasty, "hasty", "lane", 10)) {
            lane.start();
            Thread spare = threads.iterator().next();
            await().until(() -> !spare.isAlive() || timesWaited(spare) > 3);
            assertThat(spare.isAlive()).isTrue();
        }
    }

    @Test
    void aThreadThatIsNotTheSpareOneEndsWhenItHasBeenFreeForAWhile() throws Exception {
        Crew hasty = crewWhoseThreadsAreFreeFor(Duration.ofMillis(5));
        try (Lane lane = new Lane(hasty, "hasty", "lane", 10);
                Lane beside = new Lane(hasty, "beside", "lane", 10)) {
            lane.start();
            beside.start();
            CountDownLatch both = new CountDownLatch(2);
            lane.add(both::countDown);
            lane.add(() -> awaitUnmoved(both));
            beside.add(() -> {
                awaitUnmoved(goOn);
                both.countDown();
            });
            await().until(() -> alive() == 2);
            goOn.countDown();
            await().until(() -> both.getCount() == 0 && alive() == 1);
        }
    }

    private static long timesWaited(Thread thread) {
        ThreadInfo info = ManagementFactory.getThreadMXBean().getThreadInfo(thread.getId());
        return info == null ? 0 : info.getWaitedCount();
    }

    @Test
    void noMoreThanSomeWait() {
        Lane narrow = new Lane(crew, "narrow", "lane", 2);
        assertThat(narrow.add(() -> {})).isTrue();
        assertThat(narrow.addFirst(() -> {})).isTrue();
        assertThat(narrow.add(() -> {})).isFalse();
        assertThat(narrow.addFirst(() -> {})).isFalse();
        assertThat(narrow.waiting()).isEqualTo(2);
    }

    @Test
    void thatIsClosedWithPatienceFinishesWhatWaits() throws Exception {
        one.start();
        hanging();
        one.add(() -> done.add("last"));
        new Thread(goOn::countDown).start();
        one.close(Duration.ofMinutes(1));
        assertThat(done).containsExactly("undisturbed", "last");
    }

    @Test
    void thatIsClosedWithPatienceWaitsForNoneThatHangs() throws Exception {
        one.start();
        hanging();
        one.add(() -> done.add("last"));
        one.close(Duration.ofMillis(1));
        goOn.countDown();
        await().until(() -> !done.isEmpty());
        assertThat(done).containsExactly("interrupted");
    }
}
