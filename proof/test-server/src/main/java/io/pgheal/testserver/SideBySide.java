package io.pgheal.testserver;

import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What runs side by side in a test: a daemon thread for each piece of work, so that one that waits never holds up another,
 * as it does in the common pool of a small machine. Registered as an extension, it is closed after each test.
 */
public final class SideBySide implements AfterEachCallback, AutoCloseable {
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    /** Work that answers nothing. */
    @FunctionalInterface
    public interface Work {
        void run() throws Exception;
    }

    public <T> CompletableFuture<T> start(String name, Callable<T> work) {
        CompletableFuture<T> end = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        end.complete(work.call());
                    } catch (Throwable e) {
                        end.completeExceptionally(e);
                    }
                },
                name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
        return end;
    }

    @SuppressWarnings("NullAway") // the only value of a Void
    public CompletableFuture<Void> start(String name, Work work) {
        return start(name, () -> {
            work.run();
            return null;
        });
    }

    /** Interrupts what still runs, and fails if it does not end. */
    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
        for (Thread thread : threads) {
            try {
                thread.join(Patience.PATIENCE.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
            if (thread.isAlive()) {
                throw new AssertionError("still runs: " + Patience.text(thread, thread.getStackTrace()));
            }
        }
        threads.clear();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        close();
    }
}
