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
 * The one thread that does everything that may block, one act after the other. {@link #watch} gives up an act that hangs
 * and replaces its thread, at most twice. When a third act hangs, {@code watch} logs an error, and no other act runs until
 * that one ends. A thread that died is replaced, too. {@link #submit} and {@link #close} are thread-safe, {@link #watch}
 * belongs to the healing loop.
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

    /** Where an act joins the queue: acts about certain cases go before acts that only ask. */
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
     * @param afterwards runs once: when the act has ended, also by a throwable, or when it is given up
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
        if (state == Thread.State.TERMINATED || state == Thread.State.NEW) { // new: no thread could be started
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
            present.interrupt(); // only after its act was given up: otherwise it may be at the next act by now
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

    /** Whether the present thread is at an act that was given up. */
    public boolean isStuck() {
        Act act = worker.act;
        return act != null && act.hasEnded();
    }

    /** Whether the calling act was given up: other acts run meanwhile, maybe on the same victim. */
    public static boolean isGivenUp() {
        return Thread.currentThread() instanceof Worker worker && worker.isAtAnActGivenUp();
    }

    /** Acts that were given up and still hang, each with a thread. */
    public int hanging() {
        return hanging.get();
    }

    /** How many acts were given up since the start. */
    public long givenUp() {
        return givenUp.get();
    }

    /** How many acts were refused because too many others waited. */
    public long refused() {
        return refused.get();
    }

    @Override
    public void close() {
        closed = true;
        worker.interrupt();
    }

    /** The work, and what must run after it, however it ends. */
    private static final class Act {
        private final Runnable work;
        private final Runnable afterwards;
        private final AtomicBoolean ended = new AtomicBoolean();

        Act(Runnable work, Runnable afterwards) {
            this.work = work;
            this.afterwards = afterwards;
        }

        /** Ends the act; false if it had ended before. The thread that ends it runs {@link #afterwards}. */
        boolean end() {
            return ended.compareAndSet(false, true);
        }

        /** While the thread still runs the act, true means that the act was given up. */
        boolean hasEnded() {
            return ended.get();
        }
    }

    private final class Worker extends Thread {
        /** Written before {@link #act}, so a thread that reads the act sees it. */
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
                    // closed, or given up: the loop's condition decides
                } catch (Throwable e) {
                    error(e);
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
                error(e); // still under watch: a logger can hang, too
            } finally {
                act = null;
                if (next.end()) {
                    next.afterwards.run();
                } else {
                    hanging.decrementAndGet();
                }
            }
        }

        /** A logger that throws must not end the thread. */
        private void error(Throwable e) {
            try {
                LOG.error("[{}] an act of healing failed; the next one goes on", dataSource, e);
            } catch (Throwable loggerFailed) {
                // there is no other place to report it
            }
        }
    }
}
