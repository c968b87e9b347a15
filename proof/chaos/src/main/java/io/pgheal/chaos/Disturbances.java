package io.pgheal.chaos;

import java.time.Duration;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * What the adversary does from outside, and when: a failure of live work is excused only by a disturbance that can have
 * caused it. Thread-safe.
 */
final class Disturbances {
    /** A connection that was broken so long ago has been noticed by the pool, or by the work that was on it. */
    private static final Duration AFTERMATH = Duration.ofSeconds(3);

    /** The same for a kill whose victim is not known yet: the pool lends without a test within half a second of use. */
    private static final Duration UNKNOWN_VICTIM = Duration.ofSeconds(10);

    private static final Duration FINDING_BACK = Duration.ofSeconds(2);

    private static final Duration REMEMBERED = Duration.ofMinutes(5);

    private final Deque<Disturbance> recent = new ConcurrentLinkedDeque<>();

    enum Kind {
        TERMINATE(true, false),
        CANCEL(false, false),
        FAST_RESTART(true, true),
        CRASH(true, true),
        FREEZE(false, true),
        FROZEN_BACKEND(false, false),
        NETWORK_RESET(true, true),
        SILENCE(false, true),
        DELAY(false, true),
        FORGOTTEN_CONNECTIONS(true, true),
        INTERRUPT(false, false),
        PAUSE(false, true),
        /** pgheal is told to observe, and after a while to heal again. */
        OBSERVE(false, true),
        /** The server has no connection left for anybody but superusers. */
        CROWD(false, true),
        /** One of pgheal's own threads is interrupted. */
        HEALER_INTERRUPTED(false, true),
        /** Not the adversary's doing: the machine had no time for us. */
        STARVED(false, true),
        GARBAGE(false, false);

        /** Whether sessions end by it. */
        final boolean breaks;

        /** Whether nothing can be healed in time meanwhile. */
        final boolean delays;

        boolean restartsClocks() {
            return this == PAUSE || this == STARVED;
        }

        Kind(boolean breaks, boolean delays) {
            this.breaks = breaks;
            this.delays = delays;
        }
    }

    /** One of them. The thread that begins it ends it. */
    static final class Disturbance implements AutoCloseable {
        private final Kind kind;
        private final long victim;
        private final boolean delays;
        private final long from = System.nanoTime();
        private volatile long to;
        private volatile boolean over;

        private Disturbance(Kind kind, long victim, boolean delays) {
            this.kind = kind;
            this.victim = victim;
            this.delays = delays;
        }

        private boolean touches(long since, Duration after) {
            return !over || to + after.toNanos() - since >= 0;
        }

        private boolean hinders(int pid, long since) {
            return (delays || (kind == Kind.FROZEN_BACKEND && victim == pid)) && touches(since, Duration.ZERO);
        }

        @Override
        public void close() {
            to = System.nanoTime();
            over = true;
        }
    }

    /** One that hits everybody. */
    Disturbance begin(Kind kind) {
        return begin(kind, 0, kind.delays);
    }

    /**
     * One that hits a backend or a thread.
     *
     * @param delays whether healing is held up by it
     */
    Disturbance begin(Kind kind, long victim, boolean delays) {
        Disturbance begun = new Disturbance(kind, victim, delays);
        recent.addFirst(begun);
        long now = System.nanoTime();
        recent.removeIf(old -> old.over && now - old.to > REMEMBERED.toNanos());
        return begun;
    }

    /** Whether the session of this backend may have been ended from outside since then; pid 0 is not known. */
    boolean mayHaveBroken(int pid, long since) {
        return recent.stream()
                .anyMatch(each -> each.kind.breaks
                        && (each.victim == 0 || pid == 0 || each.victim == pid)
                        && each.touches(since, pid == 0 ? UNKNOWN_VICTIM : AFTERMATH));
    }

    boolean mayHaveCancelled(int pid, long since) {
        return recent.stream()
                .anyMatch(each ->
                        each.kind == Kind.CANCEL && (pid == 0 || each.victim == pid) && each.touches(since, AFTERMATH));
    }

    boolean mayHaveInterrupted(Thread thread, long since) {
        return recent.stream()
                .anyMatch(each ->
                        each.kind == Kind.INTERRUPT && each.victim == thread.getId() && each.touches(since, AFTERMATH));
    }

    /** Whether anything held up healing since then. */
    boolean hindered(int pid, long since) {
        return recent.stream().anyMatch(each -> each.hinders(pid, since));
    }

    /**
     * When a promise of so long a time is due.
     *
     * @param silence whether the promise counts silence, which starts anew when the process had been paused
     */
    long due(int pid, long since, Duration promised, boolean silence) {
        long begins = since;
        long more = promised.toNanos();
        for (Disturbance each : recent) {
            if (each.hinders(pid, since)) {
                long end = each.over ? each.to : System.nanoTime();
                if (silence && each.kind.restartsClocks()) {
                    begins = end - begins > 0 ? end : begins;
                } else {
                    more += 2 * (end - each.from) + FINDING_BACK.toNanos(); // pgheal's own connection comes back late
                }
            }
        }
        return begins + more;
    }
}
