package io.pgheal.witness;

import io.pgheal.Internal;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Asks the garbage collector to mark the whole heap, so that a connection object that nothing refers to any more is found
 * now and not at some later time. One for all data sources of the process, for there is one collector: one request serves
 * all suspects. Thread-safe. It has a thread only while it asks.
 *
 * <p>Asking costs the application time, so it is rare: after an answer that proved something, at most a sixth of the time;
 * else not sooner than after 10 s, and twice as long each time that nothing was proven, up to 5 min. Stops of the whole
 * application are always 10 s apart.
 */
@Internal
public final class Witness {
    private static final Witness OF_THIS_PROCESS = new Witness(Ticker.system(), Collector.ofThisProcess());

    private static final Duration APART = Duration.ofSeconds(10);
    private static final Duration LONGEST_APART = Duration.ofMinutes(5);
    private static final Duration SHORTEST_APART = Duration.ofSeconds(1);
    private static final Duration OUTSTANDING = Duration.ofMinutes(1);
    private static final int SHARE = 5;
    /**
     * How long a request urges the collector on. The marking of a very large heap may end later; the witness notices this,
     * too.
     */
    private static final Duration URGED = Duration.ofSeconds(5);

    /** How long a request urges the collector on once something was proven: by then the marking has begun. */
    private static final Duration ENOUGH = Duration.ofSeconds(2);

    private static final Duration LOOK_AGAIN = Duration.ofMillis(100);
    private static final long STEP_NANOS = 1_000_000;
    /** Kept from the start, to be old when they are needed. */
    private static final int CANARIES = 4;
    /** A collector that stops the application took 150 to 190 ms for 0.3 GB on two slow processors. */
    private static final double FIRST_NANOS_PER_BYTE = 0.65;

    private static final double LEAST_NANOS_PER_BYTE = FIRST_NANOS_PER_BYTE / 4;
    /** The next stop may be longer than the last one. */
    private static final double CAUTION = 1.5;

    private final Ticker ticker;
    private final Collector collector;
    private final Set<Runnable> listeners = new CopyOnWriteArraySet<>();

    // Guarded by this.
    private final Deque<Canary> canaries = new ArrayDeque<>();

    private @Nullable Canary canary;
    private long releasedAt;
    private @Nullable Long answeredFor;
    private @Nullable Thread asking;
    private long asked;
    private long answered;
    private long lastAsked;
    private int inVainBefore;
    private boolean provedSince;
    private boolean answeredSince;
    private boolean counted;
    private Duration took = Duration.ZERO;
    private Duration longestStop = Duration.ZERO;
    private double nanosPerByte = FIRST_NANOS_PER_BYTE;
    private String silent;

    /**
     * What came of a request.
     *
     * @param lookAgain when there may be an answer, or when it may be asked again
     * @param refusal why the collector is not asked at all; empty if it is, or will be
     */
    public record Reply(Duration lookAgain, String refusal) {}

    Witness(Ticker ticker, Collector collector) {
        this.ticker = ticker;
        this.collector = collector;
        this.silent = collector.trouble();
    }

    public static Witness ofThisProcess() {
        return OF_THIS_PROCESS;
    }

    /** A witness that has never asked, with a clock of its own. */
    public static Witness by(Ticker ticker) {
        return new Witness(ticker, Collector.ofThisProcess());
    }

    /** Calls the listener at each answer from now on. The listener must not wait. */
    public void onAnswer(Runnable listener) {
        listeners.add(listener);
        hatch();
    }

    private synchronized void hatch() {
        while (canaries.size() < CANARIES) {
            Canary hatched = Canary.hatched();
            if (hatched == null) {
                return;
            }
            canaries.addLast(hatched);
        }
    }

    /** Removes the listener. When none is left, the request under way ends, and the collector's setting is restored. */
    public synchronized void leave(Runnable listener) {
        listeners.remove(listener);
        Thread thread = asking;
        if (listeners.isEmpty() && thread != null) {
            thread.interrupt();
        }
    }

    /**
     * Requests an answer to what is unreachable by now.
     *
     * @param urgent somebody waits: the pause is not doubled
     */
    public synchronized Reply ask(ProofTerms terms, boolean urgent) {
        look();
        if (asking != null) {
            return new Reply(LOOK_AGAIN, "");
        }
        long now = ticker.nanos();
        hatch();
        silent = refusal(terms, now);
        if (!silent.isEmpty()) {
            if (canary == null) {
                release(now); // the collector's own collections may answer, too
            }
            return new Reply(APART, silent);
        }
        Duration left = Duration.ofNanos(lastAsked - now).plus(pause(urgent));
        if (asked > 0 && !left.isNegative() && !left.isZero()) {
            return new Reply(left, "");
        }
        if (canary == null || now - releasedAt >= OUTSTANDING.toNanos()) {
            release(now); // not sooner: the marking of a very large heap takes longer, and its answer would be lost
        }
        return begin(now) ? new Reply(LOOK_AGAIN, "") : new Reply(APART, silent);
    }

    private void release(long now) {
        Canary oldest = canaries.pollFirst();
        canary = oldest == null ? null : oldest.released();
        releasedAt = now;
        hatch();
    }

    private String refusal(ProofTerms terms, long now) {
        if (listeners.isEmpty()) {
            return "no data source is guarded any more";
        }
        if (terms.mode() == ProofMode.WAIT) {
            return "pgheal.proof.collector is wait";
        }
        if (!collector.trouble().isEmpty()) {
            return collector.trouble();
        }
        if (canary == null && canaries.isEmpty()) {
            return "this JVM makes no hidden classes, by which an answer is known";
        }
        if (collector.way() == Collector.Way.FULL_STOP) {
            if (asked > 0 && now - lastAsked >= LONGEST_APART.toNanos()) {
                nanosPerByte = Math.min(nanosPerByte, FIRST_NANOS_PER_BYTE); // one slow stop must not count for ever
            }
            long expected = (long) (collector.usedBytes() * nanosPerByte / 1_000_000);
            if (expected > terms.longestStop().toMillis()) {
                return "it would stop the application for some " + expected
                        + " ms, and pgheal.proof.longest-stop is "
                        + terms.longestStop().toMillis() + " ms";
            }
        }
        return "";
    }

    private Duration pause(boolean urgent) {
        if (provedSince && collector.way() != Collector.Way.FULL_STOP) {
            Duration share = took.multipliedBy(SHARE);
            return share.compareTo(SHORTEST_APART) < 0 ? SHORTEST_APART : share;
        }
        Duration doubled = APART.multipliedBy(1L << Math.min(inVainBefore, 5));
        return urgent ? APART : doubled.compareTo(LONGEST_APART) > 0 ? LONGEST_APART : doubled;
    }

    private boolean begin(long now) {
        int inVain = asked == 0 || provedSince ? 0 : inVainBefore + 1;
        try {
            Thread thread = new Thread(this::askAndListen, "pgheal-witness");
            thread.setDaemon(true);
            thread.start();
            asking = thread;
        } catch (Throwable e) { // no thread available, say: must not fail the caller
            silent = "asking the collector failed: " + e.getClass().getName();
            return false;
        }
        inVainBefore = inVain;
        asked++;
        lastAsked = now;
        provedSince = false;
        answeredSince = false;
        counted = false;
        return true;
    }

    private void askAndListen() {
        long began = ticker.nanos();
        long used = 0;
        long stop = 0;
        try {
            used = collector.usedBytes();
            long last = ticker.nanos();
            collector.ask();
            do {
                long now = ticker.nanos();
                if (now - last - STEP_NANOS > stop) {
                    stop = now - last - STEP_NANOS;
                    stopped(Duration.ofNanos(stop)); // before the answer, so that its incident includes this stop
                }
                last = now;
                if (look()) {
                    break;
                }
                if (hasProved() && now - began >= ENOUGH.toNanos()) {
                    break;
                }
                LockSupport.parkNanos(STEP_NANOS);
                collector.insist();
            } while (last - began < URGED.toNanos() && !Thread.currentThread().isInterrupted());
        } catch (RuntimeException | Error e) {
            failed(e);
        } finally {
            try {
                collector.askNoMore();
            } catch (RuntimeException | Error e) {
                failed(e);
            } finally {
                ended(used, Duration.ofNanos(stop));
            }
        }
    }

    private synchronized void failed(Throwable e) {
        silent = "asking the collector failed: " + e.getClass().getName();
    }

    private synchronized boolean hasProved() {
        return provedSince;
    }

    /** Counts one answer for each request, at whichever comes first: a proof, or the end of the marking. */
    private void countAnswer() {
        if (asked > 0 && !counted) {
            counted = true;
            answered++;
            took = Duration.ofNanos(ticker.nanos() - lastAsked);
        }
    }

    private synchronized void ended(long used, Duration stop) {
        asking = null;
        if (collector.way() == Collector.Way.FULL_STOP && answeredSince && used > 0) {
            nanosPerByte = Math.max(LEAST_NANOS_PER_BYTE, CAUTION * stop.toNanos() / used);
        }
    }

    private synchronized void stopped(Duration stop) {
        longestStop = stop.compareTo(longestStop) > 0 ? stop : longestStop;
    }

    /** Whether the present request is answered. Also notices answers that came without asking. */
    private boolean look() {
        boolean news = false;
        synchronized (this) {
            Canary released = canary;
            if (released != null && released.isDead()) {
                canary = null;
                answeredFor = releasedAt;
                news = true;
                answeredSince = true;
                countAnswer();
            }
        }
        if (news) {
            listeners.forEach(Runnable::run);
        }
        return news || isAnswered();
    }

    private synchronized boolean isAnswered() {
        return answeredSince;
    }

    /**
     * The moment, in the ticker's nanoseconds, up to which the collector has found everything that nothing referred to;
     * null before the first answer. The references to its finds may arrive a moment later.
     */
    public @Nullable Long answeredFor() {
        look();
        synchronized (this) {
            return answeredFor;
        }
    }

    /** Notes that something was found unreachable: asking was worth it. */
    public synchronized void proved() {
        provedSince = true;
        if (asking != null) {
            countAnswer();
        }
    }

    public synchronized Testimony testimony() {
        return new Testimony(asked, answered, asking != null, took, longestStop, silent);
    }
}
