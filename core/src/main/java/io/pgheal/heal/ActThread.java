package io.pgheal.heal;

import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread on which everything that may block is done, one act after the other. An act that hangs is given up
 * and its thread replaced, at most twice; then nothing is done any more, loudly. {@link #submit} and {@link #close} are
 * thread-safe, {@link #watch} belongs to the healing loop.
 */
public final class ActThread implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ActThread.class);
    private static final int ACTS_WAITING = 1024;
    private static final int REPLACED_AT_MOST = 2;

    private final String dataSource;
    private final Ticker ticker;
    private final Duration deadline;
    private final BlockingQueue<Runnable> acts = new ArrayBlockingQueue<>(ACTS_WAITING);
    private volatile Worker worker;
    private int replaced;
    private volatile boolean closed;

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
        return !closed && acts.offer(act);
    }

    /** Replaces the thread if its act hangs. */
    public void watch() {
        Long began = worker.began;
        if (began == null || ticker.nanos() - began < deadline.toNanos() || closed) {
            return;
        }
        worker.interrupt();
        if (replaced == REPLACED_AT_MOST) {
            if (!worker.givenUp) {
                worker.givenUp = true;
                LOG.error("[{}] a third act of healing hangs: pgheal does nothing any more until it ends", dataSource);
            }
            return;
        }
        replaced++;
        worker.givenUp = true;
        LOG.error(
                "[{}] an act of healing has been hanging for {}: it is given up, and its thread replaced",
                dataSource,
                deadline);
        worker = new Worker();
        worker.start();
    }

    /** Whether the thread hangs for good. */
    public boolean isStuck() {
        return worker.givenUp;
    }

    @Override
    public void close() {
        closed = true;
        worker.interrupt();
    }

    private final class Worker extends Thread {
        volatile @Nullable Long began;
        volatile boolean givenUp;

        Worker() {
            super("pgheal-" + dataSource + "-act");
            setDaemon(true);
        }

        @Override
        public void run() {
            while (!closed && this == worker) {
                try {
                    Runnable act = acts.take();
                    began = ticker.nanos();
                    act.run();
                } catch (InterruptedException e) {
                    // closed, or given up: the condition tells
                } catch (Throwable e) {
                    LOG.error("[{}] an act of healing failed; the next one goes on", dataSource, e);
                } finally {
                    began = null;
                    if (givenUp && this == worker) {
                        givenUp = false;
                    }
                }
            }
        }
    }
}
