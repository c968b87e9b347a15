package io.pgheal.track;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Does a piece of work on each level of a thread's stack, from the bottom up: where it overflows, one frame more is there
 * the next time. So an overflow cuts the work at every point where it needs more stack than before. What has to be done
 * between the attempts, another thread does.
 */
public final class Climb {
    private static final long STACK = 256 * 1024;
    private static final int BETWEEN = 0;
    private static final int WORKING = 1;
    private static final int CLIMBS = 50;

    /** What may be cut. */
    public interface Work {
        void run() throws Exception;
    }

    /** What the caller's thread does after each attempt. */
    public interface Check {
        void after(Throwable thrown) throws Exception;
    }

    /** One climb; says how many attempts failed. */
    public interface Again {
        int climb(int step) throws Exception;
    }

    private final Work work;
    private final int step;
    private final int whole;
    private final StackOverflowError further = new StackOverflowError();
    private volatile int turn = WORKING;
    private volatile Throwable thrown;
    private volatile boolean stopped;
    private int level;
    private int succeeded;
    private int attempts;

    private Climb(int step, int whole, Work work) {
        this.step = step;
        this.whole = whole;
        this.work = work;
    }

    /** As {@link #until(int, int, String, BooleanSupplier, Again)}, where a failed attempt is all there is to see. */
    public static void until(int enough, int step, Again again) throws Exception {
        until(enough, step, "nothing more", () -> true, again);
    }

    /**
     * Climbs again, in ever smaller steps, until so many attempts failed in all, and the effect was seen. How many fail in
     * one climb is up to the compiler: what it has put together needs its stack at once, and little of it, and can be cut
     * at few points only.
     *
     * @param step of the first climb
     */
    public static void until(int enough, int step, String effect, BooleanSupplier seen, Again again) throws Exception {
        int failed = 0;
        for (int climb = 0; failed < enough || !seen.getAsBoolean(); climb++) {
            if (climb == CLIMBS) {
                throw new AssertionError("not seen in " + climb + " climbs: " + enough + " attempts that failed, and "
                        + effect + "; " + failed + " failed");
            }
            failed += again.climb(Math.max(1, step - climb));
        }
    }

    /**
     * Climbs until the work was done whole often enough, or an overflow broke the thread for it.
     *
     * @param step how many levels lie between two attempts
     * @param whole how many attempts are to succeed
     * @return the attempts that failed
     */
    public static int run(int step, int whole, Work work, Check check) throws Exception {
        Climb climb = new Climb(step, whole, work);
        Thread thread = new Thread(null, climb::down, "climb", STACK);
        thread.setDaemon(true);
        thread.start();
        int failed = 0;
        Exception wrong = null;
        Throwable lastFailure = null;
        while (thread.isAlive()) {
            if (climb.turn != BETWEEN) {
                LockSupport.parkNanos(20_000);
                if (Thread.interrupted()) {
                    throw hangs(thread, climb.attempts);
                }
                continue;
            }
            if (climb.thrown != null) {
                failed++;
                lastFailure = climb.thrown;
            }
            try {
                check.after(climb.thrown);
                climb.stopped = isBroken(climb.thrown);
            } catch (Exception | AssertionError e) {
                wrong = new IllegalStateException(
                        "after attempt " + climb.attempts + ", which ended by " + climb.thrown, e);
                climb.stopped = true;
            }
            climb.turn = WORKING;
        }
        thread.join();
        if (wrong != null) {
            throw wrong;
        }
        if (!climb.stopped && climb.succeeded < whole) {
            throw new AssertionError(
                    "with all the stack there is it was done whole " + climb.succeeded + " times, not " + whole
                            + ", in " + climb.attempts + " attempts; the last one that failed",
                    lastFailure);
        }
        return failed;
    }

    /**
     * An overflow between two steps of the JDK's own {@code sun.nio.ch.Util.BufferCache} leaves a hole in what this thread
     * keeps for its sockets. From then on each of its reads and writes fails, however much stack there is, and it would
     * climb to the end with a new connection for each attempt.
     */
    private static boolean isBroken(Throwable thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            StackTraceElement[] trace = each.getStackTrace();
            if (each instanceof NullPointerException
                    && trace.length > 0
                    && trace[0].getClassName().startsWith("sun.nio.ch.Util")) {
                return true;
            }
        }
        return false;
    }

    private static IllegalStateException hangs(Thread thread, int attempts) {
        IllegalStateException hangs =
                new IllegalStateException("interrupted while attempt " + (attempts + 1) + " was under way");
        Throwable where = new Throwable("the attempt");
        where.setStackTrace(thread.getStackTrace());
        hangs.addSuppressed(where);
        return hangs;
    }

    @SuppressWarnings("InfiniteRecursion")
    private void down() {
        try {
            down();
        } catch (StackOverflowError here) {
            attempt();
        }
    }

    private void attempt() {
        if (++level % step != 0) {
            throw further;
        }
        Throwable seen = null;
        try {
            work.run();
        } catch (Throwable t) {
            seen = t;
        }
        thrown = seen;
        attempts++;
        turn = BETWEEN;
        while (turn == BETWEEN) {
            // calls nothing, for there may be no stack for it
        }
        if (stopped || (seen == null && ++succeeded >= whole)) {
            return;
        }
        throw further;
    }
}
