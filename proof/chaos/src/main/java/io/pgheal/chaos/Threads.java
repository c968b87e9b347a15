package io.pgheal.chaos;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Every thread of the soak's own, so that none is left at the end. Thread-safe. */
final class Threads {
    private static final @Nullable Method IS_VIRTUAL = method(Thread.class, "isVirtual");
    private static final @Nullable Method OF_VIRTUAL = method(Thread.class, "ofVirtual");

    private final AtomicLong numbers = new AtomicLong();
    private final Set<Thread> alive = ConcurrentHashMap.newKeySet();
    private final Tally tally;

    /** Work that may fail; if it does, that is a violation. */
    @FunctionalInterface
    interface Task {
        void run() throws Exception;
    }

    /** What one executor of one thread is used for. */
    @FunctionalInterface
    interface InOneThread<T> {
        T with(ThreadPoolExecutor worker) throws Exception;
    }

    Threads(Tally tally) {
        this.tally = tally;
    }

    /** An executor of one thread, which lives no longer than this. */
    <T> T inOneThread(String name, InOneThread<T> work) throws Exception {
        ThreadPoolExecutor one = new ThreadPoolExecutor(
                1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> platform(name, 0, task));
        try {
            return work.with(one);
        } finally {
            one.shutdown();
        }
    }

    private static @Nullable Method method(Class<?> type, String name) {
        try {
            return type.getMethod(name);
        } catch (NoSuchMethodException older) {
            return null;
        }
    }

    static boolean haveVirtual() {
        return OF_VIRTUAL != null;
    }

    static boolean isVirtual(Thread thread) {
        try {
            return IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invoke(thread);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    Thread start(String name, Task task) {
        Thread thread = platform(name, 0, guarded(task));
        thread.start();
        return thread;
    }

    /** With a stack of that size, to overflow. */
    Thread start(String name, long stack, Task task) {
        Thread thread = platform(name, stack, guarded(task));
        thread.start();
        return thread;
    }

    /** A virtual thread where there are any. */
    Thread startVirtual(String name, Task task) {
        Runnable work = guarded(task);
        if (OF_VIRTUAL == null) {
            return start(name, task);
        }
        try {
            Object builder = OF_VIRTUAL.invoke(null);
            Thread thread = (Thread) Class.forName("java.lang.Thread$Builder")
                    .getMethod("unstarted", Runnable.class)
                    .invoke(builder, work);
            thread.setName(name + "-" + numbers.incrementAndGet());
            alive.add(thread);
            thread.start();
            return thread;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For executors of the application's. */
    Thread platform(String name, long stack, Runnable work) {
        Thread thread = new Thread(
                null,
                () -> {
                    try {
                        work.run();
                    } finally {
                        alive.remove(Thread.currentThread());
                    }
                },
                "soak-" + name + "-" + numbers.incrementAndGet(),
                stack);
        thread.setDaemon(true);
        alive.add(thread);
        return thread;
    }

    private Runnable guarded(Task task) {
        return () -> {
            try {
                task.run();
            } catch (Throwable e) {
                tally.violated(Invariant.UNEXPLAINED, "a thread of the soak ended", e);
            } finally {
                alive.remove(Thread.currentThread());
            }
        };
    }

    List<Thread> alive() {
        return alive.stream().filter(Thread::isAlive).toList();
    }

    Optional<Thread> one(String kind, Dice dice) {
        List<Thread> found = alive.stream()
                .filter(each -> each.getName().contains(kind))
                .sorted((a, b) -> Long.compare(a.getId(), b.getId()))
                .toList();
        return found.isEmpty() ? Optional.empty() : Optional.of(found.get(dice.below(found.size())));
    }

    /** Sleeps so long, whoever interrupts. */
    static void pause(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        boolean interrupted = false;
        for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    static boolean await(java.util.function.BooleanSupplier condition, Duration atMost) {
        long end = System.nanoTime() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            pause(Duration.ofMillis(20));
        }
        return true;
    }
}
