package io.pgheal.demo.faults;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

/** Work that continues after the response to its request, and its result. */
@Component
public class BackgroundWork implements DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(BackgroundWork.class);
    private static final int KEPT = 20;

    private final AtomicLong threadNumbers = new AtomicLong();
    private final ExecutorService threads = Executors.newCachedThreadPool(this::daemon);
    private final AtomicLong ids = new AtomicLong();
    private final Deque<Run> runs = new ArrayDeque<>();

    /** One piece of work; the result is null while the work runs. */
    public record Run(
            long id,
            String kind,
            String username,
            Instant startedAt,
            @Nullable String result,
            @Nullable Long millis) {

        private Run ended(String how) {
            long took = Duration.between(startedAt, Instant.now()).toMillis();
            return new Run(id, kind, username, startedAt, how, took);
        }
    }

    interface Work {
        /** Returns the result to show. */
        String run() throws Exception;
    }

    void start(String kind, String username, Work work) {
        threads.execute(recorded(kind, username, work));
    }

    /** Records the result of work that brings its own thread. An error still reaches that thread. */
    Runnable recorded(String kind, String username, Work work) {
        Run run = new Run(ids.incrementAndGet(), kind, username, Instant.now(), null, null);
        add(run);
        return () -> {
            try {
                replace(run.ended(work.run()));
            } catch (Exception e) {
                replace(run.ended("ended by " + e));
                log.warn("{} for {} ended", kind, username, e);
            } catch (Error e) {
                replace(run.ended("ended by " + e));
                throw e;
            }
        };
    }

    public synchronized List<Run> recent() {
        return List.copyOf(runs);
    }

    private synchronized void add(Run run) {
        runs.addFirst(run);
        if (runs.size() > KEPT) {
            runs.removeLast();
        }
    }

    private synchronized void replace(Run run) {
        List<Run> updated =
                runs.stream().map(old -> old.id() == run.id() ? run : old).toList();
        runs.clear();
        runs.addAll(updated);
    }

    private Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "background-" + threadNumbers.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public void destroy() {
        threads.shutdownNow();
    }
}
