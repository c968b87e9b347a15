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
import java.util.concurrent.atomic.AtomicLong;

/**
 * When it is asked next whom the slow statements wait for: about each at 0.5, 1, 2, 4 ... 30 s of its age, about all that
 * are slow in one question, and never for more than a small share of the time. Belongs to the loop; the ends of acts come
 * from the act thread.
 */
final class SlowStatementSchedule {
    private static final Duration APART = Duration.ofMillis(250);
    /** Of the time that asking took: what a long queue, many locks or a slow server make of it. */
    private static final int SHARE = 20;

    private final ActThread acts;
    private final Ticker ticker;
    private final Map<Long, SlowStatement> statements = new HashMap<>();
    private long lastLook;
    private boolean atOnce;
    private volatile long limitDue = Long.MAX_VALUE;
    private volatile boolean underWay;
    private volatile long apart = APART.toNanos();
    /** Of whoever ends the one look that there is: the act thread, or the loop that gives it up. */
    private volatile long lastTook;

    SlowStatementSchedule(ActThread acts, Ticker ticker, long now) {
        this.acts = acts;
        this.ticker = ticker;
        this.lastLook = now - APART.toNanos();
    }

    /** At which age a slow statement is asked about next. */
    private record SlowStatement(long sequence, Duration nextAge) {}

    /** Asks whom they wait for. */
    interface Question {
        /**
         * Asks, heals, and returns what was decided.
         *
         * @param asked is told when all is asked, before anything is healed
         */
        List<Decision> ask(List<LeaseSnapshot> slow, Runnable asked);
    }

    /** All that execute are asked about, however short their time. */
    void atOnce() {
        atOnce = true;
    }

    boolean isAtOnce() {
        return atOnce;
    }

    /** Hands the question to the act thread if it is due. */
    void look(List<LeaseSnapshot> slow, long now, Question question) {
        if (slow.isEmpty()) {
            atOnce = false; // nobody runs who could tell
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
        lastLook = now;
        atOnce = false;
        limitDue = Long.MAX_VALUE;
        AtomicLong began = new AtomicLong(now);
        AtomicLong took = new AtomicLong(-1);
        boolean taken = false;
        underWay = true;
        try {
            taken = acts.submit(
                    Turn.LAST,
                    () -> {
                        began.set(ticker.nanos());
                        // what is healed then does not count
                        Runnable asked = () -> took.set(ticker.nanos() - began.get());
                        question.ask(slow, asked).stream()
                                .map(SlowStatementSchedule::nextLook)
                                .filter(in -> !in.isZero())
                                .min(Duration::compareTo)
                                .ifPresent(in -> limitDue = ticker.nanos() + in.toNanos());
                    },
                    () -> {
                        apart = apart(took.get() < 0 ? ticker.nanos() - began.get() : took.get());
                        underWay = false;
                    });
        } finally {
            if (!taken) {
                underWay = false;
            }
        }
    }

    private boolean isDue(List<LeaseSnapshot> slow, long now) {
        return atOnce || limitIsDue(now) || slow.stream().anyMatch(this::isDue);
    }

    private boolean isDue(LeaseSnapshot lease) {
        SlowStatement known = statements.get(lease.lease().id());
        return known == null
                || known.sequence() != lease.sequence()
                || lease.callFor().compareTo(known.nextAge()) >= 0;
    }

    /** A time limit that is over is the user's say: it waits for no share. */
    private long apartBy(long now) {
        return limitIsDue(now) ? APART.toNanos() : apart;
    }

    /** By the quicker one of the last two: one alone may have opened the connection, or loaded our classes. */
    private long apart(long took) {
        long share = SHARE * Math.min(took, lastTook);
        lastTook = took;
        return Math.min(Look.LONGEST_PAUSE.toNanos(), Math.max(APART.toNanos(), share));
    }

    /** After a heal at once: behind one holder of a shared lock may stand the next. */
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
