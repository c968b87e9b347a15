package io.pgheal.thread;

import io.pgheal.Internal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does one task after the other for one data source, on a thread of a {@link Crew}, and has a thread only while there are
 * tasks. Meanwhile the thread bears the lane's name and has the context class loader of whoever made the lane. Thread-safe.
 */
@Internal
public final class Lane implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    private final Crew crew;
    private final String name;
    private final int waitingAtMost;
    private final @Nullable ClassLoader loader = Thread.currentThread().getContextClassLoader();

    // Guarded by this.
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private @Nullable Turn turn;
    private boolean started;
    private boolean closed;

    /** A lane whose tasks wait for {@link #start}. */
    public Lane(Crew crew, String dataSource, String purpose, int waitingAtMost) {
        this.crew = crew;
        this.name = "pgheal-" + dataSource + "-" + purpose;
        this.waitingAtMost = waitingAtMost;
    }

    public synchronized void start() {
        if (!started && !closed) {
            started = true;
            crew.join();
            begin();
        }
    }

    /** Adds a task behind the others; false if too many wait already, or the lane is closed. */
    public boolean add(Runnable task) {
        return add(task, false);
    }

    /** Adds a task before the others that wait; false if too many wait already, or the lane is closed. */
    public boolean addFirst(Runnable task) {
        return add(task, true);
    }

    private synchronized boolean add(Runnable task, boolean first) {
        if (closed || waiting.size() >= waitingAtMost) {
            return false;
        }
        if (first) {
            waiting.addFirst(task);
        } else {
            waiting.addLast(task);
        }
        begin();
        return true;
    }

    /** How many tasks wait behind the one that is under way. */
    public synchronized int waiting() {
        return waiting.size();
    }

    /** Whether no task is under way, and none waits. */
    public synchronized boolean isIdle() {
        return turn == null && waiting.isEmpty();
    }

    /** Takes back a task that has not begun. */
    public synchronized void remove(Runnable task) {
        waiting.remove(task);
    }

    /**
     * Finds a thread for tasks that have none because there was none to be had, and has the crew's spare thread replaced
     * if it is missing. For the healing loop, at each look.
     */
    public synchronized void watch() {
        if (started) {
            begin();
            crew.keepSpare();
        }
    }

    private void begin() {
        if (started && turn == null && !waiting.isEmpty()) {
            Turn next = new Turn();
            if (crew.take(next)) {
                turn = next;
            }
        }
    }

    /** The task under way, unless it was given up; null if there is none. */
    public synchronized @Nullable Runnable underWay() {
        return turn == null ? null : turn.task;
    }

    /**
     * Interrupts the task if it is still under way. Never another task: neither one of this lane nor one of another that
     * has the thread by now.
     */
    public synchronized void interrupt(Runnable task) {
        if (turn != null && turn.task == task) {
            turn.interrupt();
        }
    }

    /** The same, and the next task does not wait for its end: it begins on another thread. */
    public synchronized void giveUp(Runnable task) {
        if (turn != null && turn.task == task) {
            turn.interrupt();
            turn = null;
            begin();
        }
    }

    public synchronized boolean isClosed() {
        return closed;
    }

    /** Takes no more tasks, waits until all are done, but not for long, and then closes. */
    public void close(Duration patience) {
        try {
            FutureTask<?> last = new FutureTask<>(() -> {}, null);
            if (addLast(last)) {
                last.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // what is not done by now is dropped
        } finally {
            close();
        }
    }

    /** Takes no other task after this one. False, and does not take it, if none is under way. */
    private synchronized boolean addLast(Runnable last) {
        boolean busy = turn != null && !closed;
        if (busy) {
            waiting.addLast(last);
        }
        closed = true;
        return busy;
    }

    /** Drops the tasks that wait, and interrupts the one that is under way. */
    @Override
    public synchronized void close() {
        closed = true;
        waiting.clear();
        if (turn != null) {
            turn.interrupt();
        }
        if (started) {
            started = false;
            crew.leave();
        }
    }

    /** A thread's work for this lane, until no task waits, or until its task is given up. */
    private final class Turn implements Runnable {
        // Guarded by the lane.
        private @Nullable Thread thread;
        private @Nullable Runnable task;

        @Override
        public void run() {
            try {
                Crew.workAs(name, loader);
                Runnable next = next();
                while (next != null) {
                    carryOut(next);
                    next = next();
                }
            } finally {
                end();
                Crew.workAsNobody();
            }
        }

        private void carryOut(Runnable next) {
            try {
                next.run();
            } catch (Throwable e) {
                report(e);
            }
        }

        /** A logger that throws must not end the turn. */
        private void report(Throwable e) {
            try {
                LOG.error("a task of {} failed; the next one goes on", name, e);
            } catch (Throwable loggerFailed) {
                // there is no other place to report it
            }
        }

        private @Nullable Runnable next() {
            synchronized (Lane.this) {
                Thread.interrupted(); // it was for the task before
                task = turn == this ? waiting.poll() : null;
                thread = Thread.currentThread();
                if (task == null) {
                    end();
                }
                return task;
            }
        }

        private void end() {
            synchronized (Lane.this) {
                thread = null;
                task = null;
                if (turn == this) {
                    turn = null;
                    begin(); // only if an error ended the turn
                }
            }
            Thread.interrupted();
        }

        private void interrupt() {
            if (thread != null) {
                thread.interrupt();
            }
        }
    }
}
