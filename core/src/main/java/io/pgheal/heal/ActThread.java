package io.pgheal.heal;

import io.pgheal.Internal;
import io.pgheal.thread.Crew;
import io.pgheal.thread.Lane;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does everything that may block, one act after the other. {@link #watch} gives up an act that hangs, and the next one
 * begins on another thread, at most twice. When a third act hangs, {@code watch} logs an error, and no other act runs until
 * that one ends. {@link #submit} and {@link #close} are thread-safe, {@link #watch} belongs to the healing loop.
 */
@Internal
public final class ActThread implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ActThread.class);
    private static final int ACTS_WAITING = 1024;
    private static final int REPLACED_AT_MOST = 2;

    /** The act of the calling thread. */
    private static final ThreadLocal<@Nullable Act> OWN = new ThreadLocal<>();

    private final String dataSource;
    private final Ticker ticker;
    private final Duration deadline;
    private final Lane lane;
    private final AtomicInteger hanging = new AtomicInteger();
    private final AtomicLong givenUp = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private int replaced;
    /** The act for whose end the others wait. */
    private volatile @Nullable Act stuck;

    /** Where an act joins the queue: acts about certain cases go before acts that only ask. */
    public enum Turn {
        NEXT,
        LAST
    }

    public ActThread(String dataSource, Ticker ticker, Duration deadline) {
        this.dataSource = dataSource;
        this.ticker = ticker;
        this.deadline = deadline;
        this.lane = new Lane(Crew.ACTS, dataSource, "act", ACTS_WAITING);
    }

    public void start() {
        lane.start();
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
        Act next = new Act(act, afterwards);
        boolean taken = turn == Turn.NEXT ? lane.addFirst(next) : lane.add(next);
        if (!taken && !lane.isClosed()) {
            refused.incrementAndGet();
        }
        return taken;
    }

    /** Gives up the act under way if it hangs, and finds a thread for acts that have none. */
    public void watch() {
        lane.watch();
        Act act = (Act) lane.underWay();
        if (act == null || !act.hasLasted(deadline)) {
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
            if (last) {
                stuck = act;
                lane.interrupt(act);
            } else {
                replaced++;
                lane.giveUp(act);
            }
        } finally {
            act.afterwards.run();
        }
        if (last) {
            LOG.error("[{}] a third act of healing hangs: pgheal does nothing any more until it ends", dataSource);
        } else {
            LOG.error(
                    "[{}] an act of healing has been hanging for {}: it is given up, and the next one begins",
                    dataSource,
                    deadline);
        }
    }

    /** Whether no act is under way, and none waits. */
    public boolean isIdle() {
        return lane.isIdle();
    }

    /** Whether the act under way was given up, and the others wait for its end all the same. */
    public boolean isStuck() {
        Act act = stuck;
        return act != null && act == lane.underWay();
    }

    /** Whether the calling act was given up: other acts run meanwhile, maybe on the same victim. */
    public static boolean isGivenUp() {
        Act own = OWN.get();
        return own != null && own.hasEnded();
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
        lane.close();
    }

    /** The work, and what must run after it, however it ends. */
    private final class Act implements Runnable {
        private final Runnable work;
        private final Runnable afterwards;
        private final AtomicBoolean ended = new AtomicBoolean();
        private volatile @Nullable Long began;

        Act(Runnable work, Runnable afterwards) {
            this.work = work;
            this.afterwards = afterwards;
        }

        @Override
        public void run() {
            try {
                began = ticker.nanos();
                OWN.set(this);
                work.run();
            } catch (Throwable e) {
                error(e); // still under watch: a logger can hang, too
            } finally {
                OWN.remove();
                if (end()) {
                    afterwards.run();
                } else {
                    hanging.decrementAndGet();
                }
            }
        }

        /** Ends the act; false if it had ended before. The thread that ends it runs {@link #afterwards}. */
        boolean end() {
            return ended.compareAndSet(false, true);
        }

        /** While the thread still runs the act, true means that the act was given up. */
        boolean hasEnded() {
            return ended.get();
        }

        boolean hasLasted(Duration time) {
            Long beginning = began;
            return beginning != null && ticker.nanos() - beginning >= time.toNanos();
        }

        /** A logger that throws must not keep the act from its end. */
        private void error(Throwable e) {
            try {
                LOG.error("[{}] an act of healing failed; the next one goes on", dataSource, e);
            } catch (Throwable loggerFailed) {
                // there is no other place to report it
            }
        }
    }
}
