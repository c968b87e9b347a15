package io.pgheal.thread;

import java.util.concurrent.ThreadFactory;

/** Lets tests of other packages bring their own threads. */
public final class CrewSeam {
    private CrewSeam() {}

    /** Keeps none of them free. */
    public static Crew by(ThreadFactory factory) {
        return new Crew(0, 1, factory);
    }
}
