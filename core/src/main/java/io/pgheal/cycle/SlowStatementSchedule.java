package io.pgheal.cycle;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.ActThread.Turn;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Decides when the servers are asked next for whom the slow statements wait: about each statement at 0.5, 1, 2, 4 ... 30 s
 * of its age, about all slow ones in one query, and never for more than a small share of the time. Used by the loop's
 * thread; the act thread only notes the ends of acts.
 */
final class SlowStatementSchedule {
    private static final Duration APART = Duration.ofMillis(250);
    /** Looks are this many times the duration of a query apart: a long queue, many locks or a slow server make it long. */
    private static final int SHARE = 20;
    /** After a heal the queue behind it moves by itself, and questions would only slow it down. */
    private static final Duration DRAINING = APART.multipliedBy(2);

    private final ActThread acts;
    private final Ticker ticker;
    private final Map<Long, SlowStatement> statements = new HashMap<>();
    private volatile long lastLook;
    private boolean atOnce;
    private volatile long limitDue = Long.MAX_VALUE;
    private volatile long healedAt;
    private volatile boolean underWay;
    private volatile long apart = APART.toNanos();
    /** Written by the thread that ends the one look under way: the act thread, or the loop that gives it up. */
    private volatile long lastTook;

    SlowStatementSchedule(ActThread acts, Ticker ticker, long now) {
        this.acts = acts;
        this.ticker = ticker;
        this.lastLook = now - APART.toNanos();
        this.healedAt = now - 2 * DRAINING.toNanos();
    }

    /** A certain case was healed. In a series of heals, questions have every other moment for themselves. */
    void healed() {
        long now = ticker.nanos();
        if (now - healedAt >= 2 * DRAINING.toNanos()) {
            healedAt = now;
        }
    }

    private boolean isDraining() {
        return ticker.nanos() - healedAt < DRAINING.toNanos();
    }

    /** At which age a slow statement is asked about next. */
    private record SlowStatement(long sequence, Duration nextAge) {}

    /** Asks the servers for whom the slow statements wait. */
    interface Question {
        /**
         * Asks, heals, and returns what was decided.
         *
         * @param asked runs after all servers were asked and before anything is healed
         */
        List<Decision> ask(List<LeaseSnapshot> slow, Runnable asked);
    }

    /** Makes the next look ask about every executing statement, however young. */
    void atOnce() {
        atOnce = true;
    }

    boolean isAtOnce() {
        return atOnce;
    }

    /** Hands the question to the act thread if it is due. */
    void look(List<LeaseSnapshot> slow, long now, Question question) {
        if (slow.isEmpty()) {
            atOnce = false; // no statement runs that could lead to a culprit
        }
        statements
                .keySet()
                .retainAll(slow.stream().map(lease -> lease.lease().id()).toList());
        if (slow.isEmpty() || !isDue(slow, now) || underWay || now - lastLook < apartBy(now)) {
            return;
        }
        for (LeaseSnapshot lease : slow) {
            statements.put(lease.lease().id(), new SlowStatement(lease.sequence(), nextAge(lease.callFor())));
        }
        boolean urgent = mayNotWait(now);
        atOnce = false;
        AtomicBoolean asks = new AtomicBoolean();
        AtomicLong took = new AtomicLong(-1);
        boolean taken = false;
        underWay = true;
        try {
            taken = acts.submit(
                    Turn.LAST,
                    () -> {
                        if (!urgent && isDraining()) {
                            return; // the heal came just before in the queue of the acts
                        }
                        long began = ticker.nanos();
                        lastLook = began;
                        asks.set(true);
                        limitDue = Long.MAX_VALUE; // not sooner: a look that is left out knows no later one
                        // the time of the heals does not count
                        Runnable asked = () -> took.set(ticker.nanos() - began);
                        question.ask(slow, asked).stream()
                                .map(SlowStatementSchedule::nextLook)
                                .filter(in -> !in.isZero())
                                .min(Duration::compareTo)
                                .ifPresent(in -> limitDue = ticker.nanos() + in.toNanos());
                    },
                    () -> {
                        if (asks.get()) {
                            apart = apart(took.get() < 0 ? ticker.nanos() - lastLook : took.get());
                        }
                        underWay = false;
                    });
        } finally {
            if (!taken) {
                underWay = false;
            }
        }
    }

    private boolean mayNotWait(long now) {
        return atOnce || limitIsDue(now);
    }

    private boolean isDue(List<LeaseSnapshot> slow, long now) {
        return mayNotWait(now) || (!isDraining() && slow.stream().anyMatch(this::isDue));
    }

    private boolean isDue(LeaseSnapshot lease) {
        SlowStatement known = statements.get(lease.lease().id());
        return known == null
                || known.sequence() != lease.sequence()
                || lease.callFor().compareTo(known.nextAge()) >= 0;
    }

    /** A time limit that is over is a rule of the user: no share delays it. */
    private long apartBy(long now) {
        return limitIsDue(now) ? APART.toNanos() : apart;
    }

    /** By the quicker one of the last two looks: a single one may have opened the connection, or loaded our classes. */
    private long apart(long took) {
        long share = SHARE * Math.min(took, lastTook);
        lastTook = took;
        return Math.min(Look.LONGEST_PAUSE.toNanos(), Math.max(APART.toNanos(), share));
    }

    /** Soon after a heal: behind one holder of a shared lock there may be the next. */
    private static Duration nextLook(Decision decision) {
        return decision.action() == Action.HEAL ? APART : decision.lookAgain();
    }

    private boolean limitIsDue(long now) {
        long due = limitDue;
        return due != Long.MAX_VALUE && due - now <= 0;
    }

    private static Duration nextAge(Duration age) {
        Duration more = age.compareTo(Look.LONGEST_PAUSE) > 0 ? Look.LONGEST_PAUSE : age;
        return age.plus(more);
    }
}
