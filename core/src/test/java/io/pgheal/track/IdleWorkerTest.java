package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who waits for its next task, and who waits inside one: on real threads. */
class IdleWorkerTest {
    private static final String POOL = "java.util.concurrent.ThreadPoolExecutor";
    private static final String TOMCAT = "org.apache.tomcat.util.threads.ThreadPoolExecutor";

    private ExecutorService executor;

    @AfterEach
    void stop() {
        if (executor != null) {
            executor.shutdownNow();
        }
    }

    private ExecutorService start(String kind) {
        executor = kind.equals("fork/join") ? new ForkJoinPool(1) : Executors.newFixedThreadPool(1);
        return executor;
    }

    @ParameterizedTest
    @ValueSource(strings = {"threads", "fork/join"})
    void aWorkerWithoutATaskIsIdle(String kind) throws Exception {
        Thread worker = start(kind).submit(Thread::currentThread).get();
        await().until(() -> IdleWorker.isIdle(worker.getStackTrace()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"threads", "fork/join"})
    void codeThatWaitsInAQueueInsideItsTaskIsAlive(String kind) throws Exception {
        BlockingQueue<String> queue = new LinkedBlockingQueue<>();
        CompletableFuture<Thread> worker = new CompletableFuture<>();
        start(kind).execute(() -> {
            worker.complete(Thread.currentThread());
            take(queue);
        });
        awaitWaitingIn(worker.get(), "take");
        assertThat(IdleWorker.isIdle(worker.get().getStackTrace())).isFalse();
    }

    @Test
    void aPoolThatIsRunInsideATaskOfAnotherLeavesThatTaskAlive() throws Exception {
        CompletableFuture<Runnable> inner = new CompletableFuture<>();
        ThreadPoolExecutor nested = new ThreadPoolExecutor(1, 1, 1, TimeUnit.HOURS, new LinkedBlockingQueue<>(), it -> {
            inner.complete(it);
            return new Thread(() -> {});
        });
        nested.prestartCoreThread();
        CompletableFuture<Thread> worker = new CompletableFuture<>();
        start("threads").execute(() -> {
            worker.complete(Thread.currentThread());
            inner.join().run();
        });
        awaitWaitingIn(worker.get(), "getTask");
        assertThat(IdleWorker.isIdle(worker.get().getStackTrace())).isFalse();
        nested.shutdownNow();
    }

    @Test
    void tomcatsOwnExecutorIsKnown() {
        assertThat(IdleWorker.isIdle(stack(
                        "java.util.concurrent.LinkedBlockingQueue.poll",
                        "org.apache.tomcat.util.threads.TaskQueue.poll",
                        TOMCAT + ".getTask",
                        TOMCAT + ".runWorker",
                        TOMCAT + "$Worker.run",
                        "org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run",
                        "java.lang.Thread.run")))
                .isTrue();
        assertThat(IdleWorker.isIdle(stack(
                        "java.util.concurrent.LinkedBlockingQueue.poll",
                        "com.acme.OrgChart.next",
                        "org.apache.tomcat.util.net.SocketProcessorBase.run",
                        TOMCAT + ".runWorker",
                        TOMCAT + "$Worker.run",
                        "java.lang.Thread.run")))
                .isFalse();
    }

    @Test
    void onlyTheMethodThatFetchesTasksProvesIt() {
        assertThat(IdleWorker.isIdle(stack(
                        "com.acme.Lock.await", POOL + ".beforeExecute", POOL + ".runWorker", POOL + "$Worker.run")))
                .isFalse();
        assertThat(IdleWorker.isIdle(
                        stack(POOL + ".getTask", "com.acme.Task.run", POOL + ".runWorker", POOL + "$Worker.run")))
                .as("not directly above")
                .isFalse();
        assertThat(IdleWorker.isIdle(stack(POOL + ".getTask", "com.acme.ThreadPoolExecutor.runWorker")))
                .as("of another class")
                .isFalse();
        assertThat(IdleWorker.isIdle(stack(POOL + ".runWorker", POOL + "$Worker.run")))
                .isFalse();
        assertThat(IdleWorker.isIdle(new StackTraceElement[0])).isFalse();
        assertThat(IdleWorker.isIdle(stack(
                        "com.acme.Job.run",
                        POOL + ".runWorker",
                        "com.acme.WorkStealingQueue.take",
                        POOL + ".getTask",
                        POOL + ".runWorker")))
                .as("its queue runs somebody's task")
                .isFalse();
    }

    @Test
    void theForkJoinPoolOfNewerJdksIsKnown() {
        String pool = "java.util.concurrent.ForkJoinPool";
        assertThat(IdleWorker.isIdle(stack("jdk.internal.misc.Unsafe.park", pool + ".deactivate", pool + ".runWorker")))
                .isTrue();
    }

    private static StackTraceElement[] stack(String... frames) {
        return Stream.of(frames)
                .map(it -> new StackTraceElement(
                        it.substring(0, it.lastIndexOf('.')), it.substring(it.lastIndexOf('.') + 1), null, -1))
                .toArray(StackTraceElement[]::new);
    }

    private static void awaitWaitingIn(Thread thread, String method) {
        await().until(() ->
                (thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING)
                        && Stream.of(thread.getStackTrace())
                                .anyMatch(frame -> frame.getMethodName().equals(method)));
    }

    private static void take(BlockingQueue<String> queue) {
        try {
            queue.take();
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }
}
