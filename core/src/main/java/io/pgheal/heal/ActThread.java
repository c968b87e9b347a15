package io.pgheal.heal;

import io.pgheal.Internal;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread on which everything that may block is done, one act after the other. An act that hangs is given up
 * and its thread replaced, at most twice; then nothing is done any more, loudly. A thread that died is replaced, too.
 * {@link #submit} and {@link #close} are thread-safe, {@link #watch} belongs to the healing loop.
 */
@Internal
public final class ActThread implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ActThread.class);
    private static final int ACTS_WAITING = 1024;
    private static final int REPLACED_AT_MOST = 2;

    private final String dataSource;
    private final Ticker ticker;
    private final Duration deadline;
    private final BlockingDeque<Act> acts = new LinkedBlockingDeque<>(ACTS_WAITING);
    private final AtomicInteger hanging = new AtomicInteger();
    private final AtomicLong givenUp = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private volatile Worker worker;
    private int replaced;
    private volatile boolean closed;

    /** Whose turn it is: those who hold others up for certain go before those who are only asked about. */
    public enum Turn {
        NEXT,
        LAST
    }

    public ActThread(String dataSource, Ticker ticker, Duration deadline) {
        this.dataSource = dataSource;
        this.ticker = ticker;
        this.deadline = deadline;
        this.worker = new Worker();
    }

    public void start() {
        worker.start();
    }

    /** Puts an act in the queue; false when too many wait already. */
    public boolean submit(Runnable act) {
        return submit(Turn.LAST, act);
    }

    /** The same, in this turn. */
    public boolean submit(Turn turn, Runnable act) {
        return submit(turn, act, () -> {});
    }

    /**
     * Puts an act in the queue; false when too many wait already, or it is closed.
     *
     * @param afterwards done once, in the end: when the act is over, also by a throwable, or when it is given up
     */
    public boolean submit(Turn turn, Runnable act, Runnable afterwards) {
        if (closed) {
            return false;
        }
        Act next = new Act(act, afterwards);
        boolean taken = turn == Turn.NEXT ? acts.offerFirst(next) : acts.offerLast(next);
        if (!taken) {
            refused.incrementAndGet();
        }
        return taken;
    }

    /** Replaces the thread if its act hangs, or if it died. */
    public void watch() {
        if (closed) {
            return;
        }
        Worker present = worker;
        Thread.State state = present.getState();
        if (state == Thread.State.TERMINATED || state == Thread.State.NEW) { // new: there was no thread to be had
            replace();
            LOG.error("[{}] the thread of the acts of healing had ended: it is replaced", dataSource);
            return;
        }
        Act act = present.act;
        if (act == null || ticker.nanos() - present.began < deadline.toNanos()) {
            return;
        }
        hanging.incrementAndGet();
        if (!act.end()) {
            hanging.decrementAndGet(); // it ended just now, or was given up before
            return;
        }
        givenUp.incrementAndGet();
        boolean last = replaced == REPLACED_AT_MOST;
        try {
            if (!last) {
                replaced++;
                replace();
            }
            present.interrupt(); // not before its act was given up: it may be at the next one by now
        } finally {
            act.afterwards.run();
        }
        if (last) {
            LOG.error("[{}] a third act of healing hangs: pgheal does nothing any more until it ends", dataSource);
        } else {
            LOG.error(
                    "[{}] an act of healing has been hanging for {}: it is given up, and its thread replaced",
                    dataSource,
                    deadline);
        }
    }

    private void replace() {
        worker = new Worker();
        worker.start();
    }

    /** Whether the thread hangs for good. */
    public boolean isStuck() {
        Act act = worker.act;
        return act != null && act.hasEnded();
    }

    /** Whether the act that asks was given up: others are done meanwhile, and may be at the same victim. */
    public static boolean isGivenUp() {
        return Thread.currentThread() instanceof Worker worker && worker.isAtAnActGivenUp();
    }

    /** Acts that were given up and hang to this day, each with a thread. */
    public int hanging() {
        return hanging.get();
    }

    /** How many acts were given up since the start. */
    public long givenUp() {
        return givenUp.get();
    }

    /** How many acts found too many others waiting. */
    public long refused() {
        return refused.get();
    }

    @Override
    public void close() {
        closed = true;
        worker.interrupt();
    }

    /** What is to be done, and what has to be set right after it whatever becomes of it. */
    private static final class Act {
        private final Runnable work;
        private final Runnable afterwards;
        private final AtomicBoolean ended = new AtomicBoolean();

        Act(Runnable work, Runnable afterwards) {
            this.work = work;
            this.afterwards = afterwards;
        }

        /** Whether it ends now; false if it did before. Who ends it does what comes afterwards. */
        boolean end() {
            return ended.compareAndSet(false, true);
        }

        /** While its thread is still at it: it was given up. */
        boolean hasEnded() {
            return ended.get();
        }
    }

    private final class Worker extends Thread {
        /** Written before the act, and so seen with it. */
        private volatile long began;

        private volatile @Nullable Act act;

        Worker() {
            super("pgheal-" + dataSource + "-act");
            setDaemon(true);
        }

        @Override
        public void run() {
            while (!closed && this == worker) {
                try {
                    carryOut(acts.take());
                } catch (InterruptedException e) {
                    // closed, or given up: the condition tells
                } catch (Throwable e) {
                    complain(e);
                }
            }
        }

        boolean isAtAnActGivenUp() {
            Act now = act;
            return now != null && now.hasEnded();
        }

        private void carryOut(Act next) {
            try {
                began = ticker.nanos();
                act = next;
                next.work.run();
            } catch (Throwable e) {
                complain(e); // still under watch: a logger can hang, too
            } finally {
                act = null;
                if (next.end()) {
                    next.afterwards.run();
                } else {
                    hanging.decrementAndGet();
                }
            }
        }

        /** Whatever it throws itself must not end the thread. */
        private void complain(Throwable e) {
            try {
                LOG.error("[{}] an act of healing failed; the next one goes on", dataSource, e);
            } catch (Throwable unspeakable) {
                // there is nobody left to be told
            }
        }
    }
}
