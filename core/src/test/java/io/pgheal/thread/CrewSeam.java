package io.pgheal.thread;

import java.util.List;
import java.util.concurrent.ThreadFactory;

/** Lets tests of other packages bring their own threads, and not wait for the end of those that are free. */
public final class CrewSeam {
    private CrewSeam() {}

    /** Keeps none of them free. */
    public static Crew by(ThreadFactory factory) {
        return new Crew(0, 1, factory);
    }

    /** Wakes the threads of this process that are free, as the end of the time does for which each waits for work. */
    public static void timeIsOver() {
        for (Crew crew : List.of(Crew.ACTS, Crew.QUESTIONS, Crew.NEWS)) {
            synchronized (crew) {
                crew.notifyAll();
            }
        }
    }
}
