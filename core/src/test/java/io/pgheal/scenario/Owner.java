package io.pgheal.scenario;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import org.opentest4j.TestAbortedException;

/** A thread of the application: does what it is told, and is alive until it is told to end. No executor's worker. */
final class Owner {
    private static final FutureTask<Void> END = new FutureTask<>(() -> {}, null);

    private final BlockingQueue<FutureTask<?>> tasks = new LinkedBlockingQueue<>();
    private final Thread thread;

    private Owner(boolean virtual) {
        thread = virtual ? virtual(this::work) : new Thread(this::work, "owner");
        thread.setDaemon(true);
        thread.start();
    }

    static Owner platform() {
        return new Owner(false);
    }

    /** The test is skipped where there are none. */
    static Owner virtual() {
        return new Owner(true);
    }

    private static Thread virtual(Runnable work) {
        try {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            return (Thread) Class.forName("java.lang.Thread$Builder")
                    .getMethod("unstarted", Runnable.class)
                    .invoke(builder, work);
        } catch (ReflectiveOperationException e) {
            throw new TestAbortedException("skipped: virtual threads need Java 21, this is "
                    + Runtime.version().feature());
        }
    }

    private void work() {
        try {
            while (step()) {}
        } catch (InterruptedException e) {
            // it ends
        }
    }

    /** In a frame of its own, so that nothing of a task stays reachable when it is done. */
    private boolean step() throws InterruptedException {
        FutureTask<?> task = tasks.take();
        task.run();
        return task != END;
    }

    <T> T run(Callable<T> work) throws Exception {
        return start(work).get();
    }

    <T> FutureTask<T> start(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        tasks.add(task);
        return task;
    }

    void interrupt() {
        thread.interrupt();
    }

    void end() throws InterruptedException {
        tasks.add(END);
        thread.join(Duration.ofSeconds(30).toMillis());
    }
}
