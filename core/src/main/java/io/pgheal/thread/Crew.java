package io.pgheal.thread;

import io.pgheal.Internal;
import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Threads for one kind of work of all data sources of the process: daemons that end when they have had nothing to do for
 * a while. Where there is a spare one, it stays as long as a data source is guarded, and a new one is started when it
 * begins to work: in this way no work has to start a thread first, which fails where memory is short. When the last data
 * source is closed, all end as soon as they are free. Thread-safe.
 *
 * <p>Each kind has a crew of its own: an act waits for the answers to its questions, so acts must never take the thread
 * that these questions need.
 */
@Internal
public final class Crew {
    private static final String FREE = "pgheal-free";
    private static final long FREE_MILLIS = 10_000;

    /** For the acts of healing. */
    public static final Crew ACTS = new Crew(1, FREE_MILLIS, Crew::thread);
    /** For what is asked over the control connections. */
    public static final Crew QUESTIONS = new Crew(1, FREE_MILLIS, Crew::thread);
    /** For telling listeners, whose code is not ours: without it the healing goes on. */
    public static final Crew NEWS = new Crew(0, FREE_MILLIS, Crew::thread);

    private final int spare;
    private final long freeMillis;
    private final ThreadFactory factory;

    // Guarded by this.
    private final Deque<Runnable> handedOver = new ArrayDeque<>();
    private int free;
    private int lanes;

    /**
     * A crew without threads.
     *
     * @param spare how many are kept free while a data source is guarded
     * @param freeMillis after how long the others that are free end
     */
    Crew(int spare, long freeMillis, ThreadFactory factory) {
        this.spare = spare;
        this.freeMillis = freeMillis;
        this.factory = factory;
    }

    synchronized void join() {
        lanes++;
        keepSpare();
    }

    synchronized void leave() {
        lanes--;
        if (lanes == 0) {
            notifyAll();
        }
    }

    /** Starts the spare thread that is missing, if there can be one. */
    synchronized void keepSpare() {
        if (lanes > 0 && free - handedOver.size() < spare) {
            startThread();
        }
    }

    /** Hands the work to a free thread, or to a new one. False if there is none, and none can be started. */
    synchronized boolean take(Runnable work) {
        if (handedOver.size() >= free && !startThread()) {
            return false;
        }
        handedOver.add(work);
        notify();
        return true;
    }

    /** A thread that was started counts as free at once. */
    private boolean startThread() {
        try {
            factory.newThread(this::work).start();
            free++;
            return true;
        } catch (Throwable e) { // no thread or no memory available: the loops try again
            return false;
        }
    }

    private void work() {
        boolean more = workOnce(next(false));
        while (more) {
            more = workOnce(next(true));
        }
    }

    /** In a frame of its own: a thread that is free refers to nothing of the work before. */
    private static boolean workOnce(@Nullable Runnable work) {
        if (work == null) {
            return false;
        }
        try {
            work.run();
        } catch (Throwable e) {
            // a lane has reported it
        }
        return true;
    }

    /** Null if the thread has to end. */
    private synchronized @Nullable Runnable next(boolean worked) {
        if (worked) {
            free++;
        }
        try {
            while (handedOver.isEmpty()) {
                if (lanes == 0) {
                    return null;
                }
                try {
                    wait(freeMillis);
                    if (handedOver.isEmpty() && free > spare) {
                        return null;
                    }
                } catch (InterruptedException e) {
                    // nobody needs to interrupt a thread that is free
                }
            }
            return handedOver.poll();
        } finally {
            free--;
        }
    }

    /**
     * Belongs to no data source: has no context class loader, no inherited thread-locals, and no access control context,
     * which would refer to the class loaders of whoever happened to need the thread first.
     */
    @SuppressWarnings("removal") // of the access control: with it goes what it is used for here
    private static Thread thread(Runnable work) {
        return AccessController.doPrivileged((PrivilegedAction<Thread>) () -> {
            Thread thread = new Thread(null, work, FREE, 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(null);
            return thread;
        });
    }

    /** The calling thread works under this name from now on. */
    static void workAs(String name, @Nullable ClassLoader loader) {
        Thread current = Thread.currentThread();
        current.setContextClassLoader(loader);
        current.setName(name);
    }

    /** The calling thread belongs to nobody from now on. */
    static void workAsNobody() {
        workAs(FREE, null);
    }
}
