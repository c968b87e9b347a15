package io.pgheal.cycle;

import io.pgheal.HealingConfig;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.detect.Detector;
import io.pgheal.detect.Strength;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.detect.Symptom.OutlivedBackends;
import io.pgheal.detect.Symptom.SlowStatements;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.ActThread.Turn;
import io.pgheal.postgres.BackendId;
import io.pgheal.report.HealerState;
import io.pgheal.report.Metrics;
import io.pgheal.track.Lease;
import io.pgheal.track.LeaseEvent;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Ticker;
import io.pgheal.witness.Witness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The healing loop: one thread that looks at the leases in memory, notices symptoms and hands them to the act thread.
 * It waits in one place only, the registry's queue of references, and never for the server.
 */
final class HealingLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HealingLoop.class);
    private static final long TICK_MILLIS = 50;
    /** While some transaction is open between two calls: nothing else gains evidence. */
    private static final long WATCHFUL_TICK_MILLIS = 10;
    /** With very many leases looks are so many times their own length apart, up to the longest tick. */
    private static final int LOOKS_APART = 50;

    private static final long FINEST_TICK_MILLIS = 5;
    private static final int FAILED_WAITS_KEPT = 100;
    private static final Duration STARVED = Duration.ofSeconds(1);
    /** Some ticks: so late a busy machine may always be. */
    private static final Duration LATE = Duration.ofMillis(4 * TICK_MILLIS);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration SLOW_LOOKS_APART = Duration.ofMillis(250);
    /** Of the time that asking about slow statements took: what a long queue, many locks or a slow server make of it. */
    private static final int SLOW_LOOKS_SHARE = 20;

    /** Until then what an answer has found may still be on its way. */
    private static final Duration TOLD = Duration.ofMillis(50);
    /** So long its owner may still be on the way to give it back. */
    private static final Duration SUSPECT = Duration.ofMillis(200);
    /** A pool that is exhausted for less is merely busy. */
    private static final Duration EXHAUSTED = Duration.ofSeconds(1);

    private static final Duration EXHAUSTED_FOR_LONG = Duration.ofSeconds(10);

    private static final Duration FIRST_AFTERLIFE_LOOK = Duration.ofMillis(25);
    /** The pause of a look that comes 0.8 s after the lease's end: by then a backend that was told has ended. */
    private static final Duration LINGERING = FIRST_AFTERLIFE_LOOK.multipliedBy(32);

    private static final int AFTERLIFE_KEPT = 1000;
    private static final Duration ANEW = Duration.ofSeconds(1);
    private static final long ANEW_LOOK_NANOS = 500_000;
    private static final int FAILED_LOOKS_TOLD = 1000;
    /** It looks many times a second: after so long without a look it hangs. */
    private static final Duration LONGEST_LOOK = Duration.ofSeconds(10);

    private final String dataSource;
    private final Supplier<HealingConfig> config;
    private final LeaseRegistry registry;
    private final HealingCycle cycle;
    private final ActThread acts;
    private final Ticker ticker;
    private final Metrics metrics;
    private final Refutations refutations;
    private final Witness witness;
    private final Runnable newsHeard;
    private final Thread thread;

    private final Map<Long, Look> looks = new ConcurrentHashMap<>();
    private final Map<BackendId, Look> afterlife = new ConcurrentHashMap<>();
    private final Map<Long, SlowLook> slowLooks = new HashMap<>();
    private long lastSlowLook;
    private volatile long limitDue = Long.MAX_VALUE;
    private volatile boolean slowLookUnderWay;
    private volatile long slowLooksApart = SLOW_LOOKS_APART.toNanos();
    /** Of whoever ends the one slow look that there is: the act thread, or the loop that gives it up. */
    private volatile long lastSlowLookTook;

    private volatile List<LeaseSnapshot> seen = List.of();
    private volatile boolean closed;
    private boolean askNow;
    private volatile boolean rulesChanged;
    private final List<FailedStatement> failedWaits = new ArrayList<>();

    private volatile long lastLook;
    private final AtomicLong failedLooks = new AtomicLong();
    private final AtomicLong pauses = new AtomicLong();
    private boolean watchful;
    private long ripeIn;
    /** What a collection found is told one by one, and may come a moment after the news that it has ended. */
    private @Nullable Long answeredFor;

    private @Nullable Long answerHeard;
    private long answerHeardAt;

    private long lookTook;

    /** One that surely failed to get a lock, and how long it had been seen. */
    private record FailedStatement(LeaseEvent.FailedWait failed, Duration waited) {}

    /** At which age a slow statement is asked about next. */
    private record SlowLook(long sequence, Duration nextAge) {}

    /** A call that ends, or whose thread does, or a proof has no sequence of its own; but more is possible now. */
    private record Calls(long sequence, boolean inProgress, boolean stale, boolean unreachable) {
        static final Calls NONE = new Calls(0, false, false, false);

        static Calls of(LeaseSnapshot lease) {
            return new Calls(lease.sequence(), lease.callInProgress(), lease.callIsStale(), lease.unreachable());
        }
    }

    /** When a suspect is looked at next; while an act of it is under way, not at all. */
    private record Look(boolean underWay, long next, Duration pause, Calls seen) {
        static Look first(LeaseSnapshot lease) {
            return new Look(false, Long.MIN_VALUE, Duration.ofMillis(100), Calls.of(lease));
        }

        boolean isDue(long now) {
            return !underWay && (next == Long.MIN_VALUE || next - now <= 0);
        }

        Look begun() {
            return new Look(true, next, pause, seen);
        }

        Look again(long now, Duration in) {
            Duration bounded = in.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : in;
            return new Look(false, now + bounded.toNanos(), pause, seen);
        }

        Look backOff(long now) {
            Duration doubled = pause.multipliedBy(2);
            return new Look(
                    false, now + pause.toNanos(), doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled, seen);
        }
    }

    HealingLoop(
            String dataSource,
            Supplier<HealingConfig> config,
            LeaseRegistry registry,
            HealingCycle cycle,
            ActThread acts,
            Ticker ticker,
            Metrics metrics,
            Refutations refutations,
            Witness witness) {
        this.dataSource = dataSource;
        this.config = config;
        this.registry = registry;
        this.cycle = cycle;
        this.acts = acts;
        this.ticker = ticker;
        this.metrics = metrics;
        this.refutations = refutations;
        this.witness = witness;
        this.newsHeard = registry::wake;
        this.lastLook = ticker.nanos();
        this.lastSlowLook = lastLook - SLOW_LOOKS_APART.toNanos();
        this.thread = new Thread(this::run, "pgheal-" + dataSource + "-loop");
        thread.setDaemon(true);
    }

    void start() {
        acts.start();
        thread.start();
        witness.onAnswer(newsHeard);
    }

    /** The leases as they were at the last look. */
    List<LeaseSnapshot> seen() {
        return seen;
    }

    /**
     * The leases as they are now: the next look comes at once, and is waited for. As they were, if none comes for a while.
     */
    List<LeaseSnapshot> seenAnew() {
        long asked = ticker.nanos();
        registry.wake();
        while (lastLook - asked < 0
                && ticker.nanos() - asked < ANEW.toNanos()
                && thread.isAlive()
                && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(ANEW_LOOK_NANOS);
        }
        return seen;
    }

    /** What keeps the healer from its work, or empty. */
    String trouble() {
        long quiet = ticker.nanos() - lastLook;
        if (!thread.isAlive()) {
            return "the thread of the healing loop has ended";
        }
        if (quiet >= LONGEST_LOOK.toNanos()) {
            return "the healing loop hangs: it has not looked for "
                    + Duration.ofNanos(quiet).toSeconds() + " s";
        }
        if (acts.isStuck()) {
            return "the acts of healing hang: nothing is done until one of them ends";
        }
        int hanging = acts.hanging();
        return hanging == 0
                ? ""
                : hanging + " of the acts of healing hang and were given up; others are done meanwhile";
    }

    /** @param servers whose connections are told with it */
    HealerState.Mishaps mishaps(Servers servers, long lostNotices) {
        return new HealerState.Mishaps(
                acts.givenUp(),
                acts.refused(),
                failedLooks.get(),
                pauses.get(),
                lostNotices,
                servers.connects(),
                servers.losses());
    }

    /** What was not seen counts at most for half of the shortest time. */
    private static Duration starved(Duration shortest) {
        Duration half = shortest.dividedBy(2);
        Duration bound = half.compareTo(STARVED) < 0 ? half : STARVED;
        return bound.compareTo(LATE) < 0 ? LATE : bound;
    }

    /** What was judged by the old rules is looked at anew, without waiting for the end of any pause. */
    void rulesChanged() {
        rulesChanged = true;
        registry.wake();
    }

    private void run() {
        long last = ticker.nanos();
        while (!closed) {
            try {
                if (registry.await(tick()) > 0) {
                    witness.proved();
                }
                long now = ticker.nanos();
                if (now - last > starved(config.get().limits().shortest()).toNanos()) {
                    pauses.incrementAndGet();
                    LOG.info(
                            "[{}] the process was paused for {} ms: every clock starts anew",
                            dataSource,
                            (now - last) / 1_000_000);
                    registry.restartClocks(now);
                }
                last = now;
                try {
                    look(now);
                } finally {
                    acts.watch();
                }
                lastLook = now;
                lookTook = ticker.nanos() - now;
                metrics.cycle(Duration.ofNanos(lookTook));
            } catch (InterruptedException e) {
                // Only close() ends the loop, and it says so.
            } catch (Throwable e) {
                failedLook("a look of the healing loop failed; the next one goes on", e);
            }
        }
        finishWhatIsLeft();
    }

    private void failedLook(String what, Throwable e) {
        if (failedLooks.getAndIncrement() % FAILED_LOOKS_TOLD == 0) {
            complain(what, e);
        }
    }

    /** Whatever it throws itself must not end the loop. */
    private void complain(String what, Throwable e) {
        try {
            LOG.error("[{}] {}", dataSource, what, e);
        } catch (Throwable unspeakable) {
            // there is nobody left to be told
        }
    }

    /**
     * Fine while somebody may be gone; up to the moment in which a grace is over; and while connections are lent, if some
     * place has learned that its statements are to be asked about early.
     */
    private long tick() {
        long fine = Math.max(WATCHFUL_TICK_MILLIS, LOOKS_APART * lookTook / 1_000_000);
        long tick = watchful || !looks.isEmpty() ? Math.min(fine, TICK_MILLIS) : TICK_MILLIS;
        tick = Math.min(tick, ripeIn / 1_000_000 + 1);
        if (!registry.sites().hasLearnedThresholds()) {
            return tick;
        }
        if (seen.isEmpty()) {
            registry.wakeOnLend();
            return tick;
        }
        long quarter = registry.sites()
                        .shortestThreshold(config.get().lockWaitThreshold())
                        .toMillis()
                / 4;
        return Math.min(tick, Math.max(quarter, FINEST_TICK_MILLIS));
    }

    /** The pool lives on: what waits to be given back must not wait for ever. */
    private void finishWhatIsLeft() {
        for (LeaseSnapshot lease : registry.look(ticker.nanos(), null)) {
            try {
                lease.lease().finish(lease);
            } catch (Throwable e) {
                complain("a connection could not be given back", e); // the others are, all the same
            }
        }
    }

    private void look(long now) {
        if (rulesChanged) {
            rulesChanged = false;
            askNow = true;
            looks.values().removeIf(look -> !look.underWay());
        }
        for (LeaseEvent event : registry.events()) {
            try {
                hear(event, now);
            } catch (Throwable e) {
                failedLook("an event could not be heard; the others are", e);
            }
        }
        refutations.hearTheEarly(acts);
        hearTheWitness(now);
        List<LeaseSnapshot> leases = registry.look(now, answeredFor);
        seen = leases;
        List<LeaseSnapshot> slow = new ArrayList<>();
        Map<BackendId, AbandonedLease> abandoned = new HashMap<>();
        Set<Long> suspects = new HashSet<>();
        List<AbandonedLease> ripe = new ArrayList<>();
        watchful = false;
        ripeIn = Long.MAX_VALUE;
        for (LeaseSnapshot lease : leases) {
            if (lease.closed()) {
                if (lease.enlisted()
                        && lease.quiet().compareTo(config.get().limits().patience()) >= 0) {
                    suspects.add(lease.lease().id());
                    act(
                            lease,
                            now,
                            Turn.LAST,
                            () -> cycle.openAfterClose(lease, leases).lookAgain());
                }
                continue;
            }
            watchful |= lease.transactionOpen() && !lease.callInProgress();
            if (lease.unfinished() != LeaseSnapshot.Unfinished.NOTHING) {
                suspects.add(lease.lease().id());
                act(lease, now, Turn.NEXT, () -> finish(lease));
                continue;
            }
            Optional<AbandonedLease> symptom = Detector.abandoned(lease);
            if (symptom.isPresent()) {
                suspects.add(lease.lease().id());
                if (isJudgedOnItsOwn(symptom.get())) {
                    addBackend(symptom.get(), abandoned);
                }
                if (isRipe(symptom.get())) {
                    ripe.add(symptom.get());
                } else {
                    ripeIn = Math.min(ripeIn, untilRipe(symptom.get()));
                }
            } else if (lease.executing() && (askNow || isSlow(lease))) {
                slow.add(lease);
            }
        }
        Set<BackendId> together = Set.copyOf(abandoned.keySet());
        ripe.forEach(symptom -> act(
                symptom.lease(),
                now,
                turnOf(symptom),
                () -> cycle.abandoned(symptom, leases, together).lookAgain()));
        looks.keySet().retainAll(suspects);
        askAboutTheSilent(leases, now);
        lookAtSlow(slow, leases, abandoned, now);
        if (!askNow) {
            tellOfUnseenHolders();
        }
        lookAtAfterlife(leases, now);
    }

    private void hear(LeaseEvent event, long now) {
        if (event instanceof LeaseEvent.Refuted refuted) {
            refutations.hear(refuted);
        } else if (event instanceof LeaseEvent.Outlived outlived) {
            if (afterlife.size() < AFTERLIFE_KEPT) {
                afterlife.put(
                        outlived.backend(),
                        new Look(false, now + FIRST_AFTERLIFE_LOOK.toNanos(), FIRST_AFTERLIFE_LOOK, Calls.NONE));
            }
        } else if (event instanceof LeaseEvent.FailedWait failed) {
            hear(failed, now);
        }
    }

    private void hear(LeaseEvent.FailedWait event, long now) {
        if (event.askedNotToWait()) {
            return;
        }
        askNow = true; // others may still wait for the same culprit
        Lease lease = event.lease();
        Duration waited = lease.callSeenFor(event.failure().sequence(), now);
        registry.sites().learnFailedWait(lease.site(), waited, config.get().lockWaitThreshold());
        if (event.failure().wasLockWait() && failedWaits.size() < FAILED_WAITS_KEPT) {
            failedWaits.add(new FailedStatement(event, waited));
        }
    }

    /** After those who still wait were asked about: the act thread does one thing after the other. */
    private void tellOfUnseenHolders() {
        for (FailedStatement each : failedWaits) {
            acts.submit(() -> cycle.holderNotSeen(each.failed(), each.waited()));
        }
        failedWaits.clear();
    }

    /** In nanoseconds; what is ripe already leaves the rest to the tick. */
    private static long untilRipe(AbandonedLease symptom) {
        long left = SUSPECT.minus(symptom.silence()).toNanos();
        return left > 0 ? left : Long.MAX_VALUE;
    }

    /** Nothing is suspected before a moment of silence, nor while nobody could want what the lease holds. */
    private boolean isRipe(AbandonedLease symptom) {
        LeaseSnapshot lease = symptom.lease();
        return symptom.strength() == Strength.CERTAIN
                || (symptom.silence().compareTo(SUSPECT) >= 0
                        && !lease.extended()
                        && (lease.transactionOpen() || registry.isPoolExhausted()));
    }

    /** Else nobody would tell those who wait for it: without a transaction it may still hold its session's advisory locks. */
    private static boolean isJudgedOnItsOwn(AbandonedLease symptom) {
        return symptom.strength() == Strength.CERTAIN || symptom.lease().transactionOpen();
    }

    private void hearTheWitness(long now) {
        Long answer = witness.answeredFor();
        if (!Objects.equals(answer, answerHeard)) {
            answerHeard = answer;
            answerHeardAt = now;
        } else if (now - answerHeardAt >= TOLD.toNanos()) {
            answeredFor = answer;
        }
    }

    /**
     * Whoever waits for a connection of an exhausted pool may wait for one that nobody will give back; and a transaction that
     * is idle for long pins its locks, whether its owner looks gone or not. In memory alone.
     */
    private void askAboutTheSilent(List<LeaseSnapshot> leases, long now) {
        Duration exhausted = registry.exhaustedFor(now);
        boolean somebodyWaits = exhausted.compareTo(EXHAUSTED) >= 0;
        Duration patience = config.get().limits().patience();
        if (leases.stream().anyMatch(lease -> isWorthAsking(lease, somebodyWaits, patience))) {
            cycle.ask(exhausted.compareTo(EXHAUSTED_FOR_LONG) >= 0);
        }
    }

    /** A call that lasts for long may be one that was cut without a word. */
    private static boolean isWorthAsking(LeaseSnapshot lease, boolean somebodyWaits, Duration patience) {
        if (lease.retained()
                || lease.unwrapped()
                || lease.unreachable()
                || lease.extended()
                || lease.enlisted()
                || lease.closed()) {
            return false;
        }
        boolean silentForLong = lease.quiet().compareTo(patience) >= 0;
        return lease.callInProgress()
                ? somebodyWaits && silentForLong
                : (somebodyWaits && lease.quiet().compareTo(EXHAUSTED) >= 0)
                        || (lease.transactionOpen() && silentForLong);
    }

    private boolean isSlow(LeaseSnapshot lease) {
        Duration usual = config.get().lockWaitThreshold();
        return lease.callFor().compareTo(registry.sites().shortestThreshold(usual)) >= 0
                && (lease.callFor().compareTo(usual) >= 0
                        || lease.callFor().compareTo(registry.sites().threshold(lease.site(), usual)) >= 0);
    }

    // ---- what is handed to the act thread

    /** @param act returns when it is to be looked at again; zero to leave that to the pause */
    private void act(LeaseSnapshot lease, long now, Turn turn, Supplier<Duration> act) {
        long id = lease.lease().id();
        Look look = looks.get(id);
        // While an act is under way its look belongs to the act thread: put back here, it would stay so for ever.
        if (look == null || (!look.seen().equals(Calls.of(lease)) && !look.underWay())) {
            look = Look.first(lease);
        }
        if (look.isDue(now)) {
            Look later = look.backOff(now); // made before: nothing may fail once it is marked as begun
            AtomicReference<Duration> again = new AtomicReference<>(Duration.ZERO);
            looks.put(id, look.begun());
            boolean taken = false;
            try {
                taken = acts.submit(
                        turn, () -> again.set(act.get()), () -> acted(id, Objects.requireNonNull(again.get())));
            } finally {
                if (!taken) {
                    looks.put(id, later);
                }
            }
        }
    }

    private void acted(long id, Duration in) {
        long now = ticker.nanos();
        looks.computeIfPresent(id, (key, look) -> in.isZero() ? look.backOff(now) : look.again(now, in));
    }

    private static Turn turnOf(AbandonedLease symptom) {
        return symptom.strength() == Strength.CERTAIN ? Turn.NEXT : Turn.LAST;
    }

    private static Duration finish(LeaseSnapshot lease) {
        lease.lease().finish(lease);
        return Duration.ZERO;
    }

    /** Each slow statement is asked about at 0.5, 1, 2, 4 ... 30 s of its age; all that are slow in one question. */
    private void lookAtSlow(
            List<LeaseSnapshot> slow, List<LeaseSnapshot> leases, Map<BackendId, AbandonedLease> abandoned, long now) {
        if (slow.isEmpty()) {
            askNow = false; // nobody runs who could tell
        }
        slowLooks
                .keySet()
                .retainAll(slow.stream().map(lease -> lease.lease().id()).toList());
        boolean due = askNow || limitIsDue(now);
        for (LeaseSnapshot lease : slow) {
            SlowLook look = slowLooks.get(lease.lease().id());
            due |= look == null
                    || look.sequence() != lease.sequence()
                    || lease.callFor().compareTo(look.nextAge()) >= 0;
        }
        if (!due || slow.isEmpty() || slowLookUnderWay || now - lastSlowLook < apartBy(now)) {
            return;
        }
        for (LeaseSnapshot lease : slow) {
            slowLooks.put(lease.lease().id(), new SlowLook(lease.sequence(), nextAge(lease.callFor())));
        }
        lastSlowLook = now;
        askNow = false;
        limitDue = Long.MAX_VALUE;
        AtomicLong began = new AtomicLong(now);
        AtomicLong took = new AtomicLong(-1);
        boolean taken = false;
        slowLookUnderWay = true;
        try {
            taken = acts.submit(
                    Turn.LAST,
                    () -> {
                        began.set(ticker.nanos());
                        // what is healed then does not count
                        Runnable asked = () -> took.set(ticker.nanos() - began.get());
                        cycle.blockers(new SlowStatements(slow), leases, abandoned, asked).stream()
                                .map(HealingLoop::nextLook)
                                .filter(in -> !in.isZero())
                                .min(Duration::compareTo)
                                .ifPresent(in -> limitDue = ticker.nanos() + in.toNanos());
                    },
                    () -> {
                        slowLooksApart = apart(took.get() < 0 ? ticker.nanos() - began.get() : took.get());
                        slowLookUnderWay = false;
                    });
        } finally {
            if (!taken) {
                slowLookUnderWay = false;
            }
        }
    }

    /** A time limit that is over is the user's say: it waits for no share. */
    private long apartBy(long now) {
        return limitIsDue(now) ? SLOW_LOOKS_APART.toNanos() : slowLooksApart;
    }

    /** By the quicker one of the last two: one alone may have opened the connection, or loaded our classes. */
    private long apart(long took) {
        long share = SLOW_LOOKS_SHARE * Math.min(took, lastSlowLookTook);
        lastSlowLookTook = took;
        return Math.min(LONGEST_PAUSE.toNanos(), Math.max(SLOW_LOOKS_APART.toNanos(), share));
    }

    /** After a heal at once: behind one holder of a shared lock may stand the next. */
    private static Duration nextLook(Decision decision) {
        return decision.action() == Action.HEAL ? SLOW_LOOKS_APART : decision.lookAgain();
    }

    private boolean limitIsDue(long now) {
        long due = limitDue;
        return due != Long.MAX_VALUE && due - now <= 0;
    }

    private static Duration nextAge(Duration age) {
        Duration more = age.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : age;
        return age.plus(more);
    }

    private void lookAtAfterlife(List<LeaseSnapshot> leases, long now) {
        if (afterlife.isEmpty()) {
            return;
        }
        for (LeaseSnapshot lease : leases) {
            BackendId backend = lease.physical().backend();
            if (backend != null && lease.lease().isConnected()) {
                afterlife.remove(backend); // it is lent: somebody can reach it
            }
        }
        Set<BackendId> due = new HashSet<>();
        Set<BackendId> lingering = new HashSet<>();
        afterlife.forEach((backend, look) -> {
            if (look.isDue(now)) {
                due.add(backend);
                if (look.pause().compareTo(LINGERING) >= 0) {
                    lingering.add(backend);
                }
            }
        });
        if (due.isEmpty()) {
            return;
        }
        due.forEach(backend -> afterlife.computeIfPresent(backend, (key, look) -> look.begun()));
        AtomicReference<Set<BackendId>> remaining = new AtomicReference<>(due);
        boolean taken = false;
        try {
            taken = acts.submit(
                    Turn.LAST,
                    () -> remaining.set(cycle.outlived(new OutlivedBackends(due, lingering), leases)),
                    () -> afterwards(due, Objects.requireNonNull(remaining.get())));
        } finally {
            if (!taken) {
                afterwards(due, due);
            }
        }
    }

    private void afterwards(Set<BackendId> asked, Set<BackendId> remaining) {
        long now = ticker.nanos();
        for (BackendId backend : asked) {
            if (remaining.contains(backend)) {
                afterlife.computeIfPresent(backend, (key, look) -> look.backOff(now));
            } else {
                afterlife.remove(backend);
            }
        }
    }

    private static void addBackend(AbandonedLease symptom, Map<BackendId, AbandonedLease> abandoned) {
        BackendId backend = symptom.lease().physical().backend();
        if (backend != null) {
            abandoned.put(backend, symptom);
        }
    }

    @Override
    public void close() {
        closed = true;
        witness.leave(newsHeard);
        registry.healerEnds();
        registry.wake();
        acts.close();
    }
}
