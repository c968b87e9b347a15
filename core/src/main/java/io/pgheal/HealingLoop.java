package io.pgheal;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.detect.Detector;
import io.pgheal.detect.Strength;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.detect.Symptom.OutlivedBackends;
import io.pgheal.detect.Symptom.SlowStatements;
import io.pgheal.heal.ActThread;
import io.pgheal.postgres.BackendId;
import io.pgheal.report.Metrics;
import io.pgheal.track.Lease;
import io.pgheal.track.LeaseEvent;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The healing loop: one thread that looks at the leases in memory, notices symptoms and hands them to the act thread.
 * It waits in one place only, the registry's queue of references, and never for the server.
 */
final class HealingLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HealingLoop.class);
    private static final long TICK_MILLIS = 50;
    private static final long SUSPICIOUS_TICK_MILLIS = 10;
    private static final long FINEST_TICK_MILLIS = 5;
    private static final int FAILED_WAITS_KEPT = 100;
    private static final Duration STARVED = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration SLOW_LOOKS_APART = Duration.ofMillis(250);
    /** Of the time that asking about slow statements took: what a long queue, many locks or a slow server make of it. */
    private static final int SLOW_LOOKS_SHARE = 20;

    private static final Duration FIRST_AFTERLIFE_LOOK = Duration.ofMillis(100);
    /** The pause of a look that comes 0.8 s after the lease's end: by then a backend that was told has ended. */
    private static final Duration LINGERING = FIRST_AFTERLIFE_LOOK.multipliedBy(8);

    private static final int AFTERLIFE_KEPT = 1000;
    private static final int FAILED_LOOKS_TOLD = 1000;

    private final String dataSource;
    private final HealingConfig config;
    private final LeaseRegistry registry;
    private final HealingCycle cycle;
    private final ActThread acts;
    private final Ticker ticker;
    private final Metrics metrics;
    private final Predicate<LeaseEvent.Refuted> refutation;
    private final Thread thread;

    private final Map<Long, Look> looks = new ConcurrentHashMap<>();
    private final Map<BackendId, Look> afterlife = new ConcurrentHashMap<>();
    private final Map<Long, SlowLook> slowLooks = new HashMap<>();
    private long lastSlowLook;
    private volatile long limitDue = Long.MAX_VALUE;
    private volatile boolean slowLookUnderWay;
    private volatile long slowLooksApart = SLOW_LOOKS_APART.toNanos();
    /** Owned by the act thread. */
    private long lastSlowLookTook;

    private volatile List<LeaseSnapshot> seen = List.of();
    private volatile boolean closed;
    private boolean askNow;
    private final List<FailedStatement> failedWaits = new ArrayList<>();
    private int failedLooks;

    /** One that surely failed to get a lock, and how long it had been seen. */
    private record FailedStatement(LeaseEvent.FailedWait failed, Duration waited) {}

    /** At which age a slow statement is asked about next. */
    private record SlowLook(long sequence, Duration nextAge) {}

    /** When a suspect is looked at next; while an act of it is under way, not at all. */
    private record Look(boolean underWay, long next, Duration pause, long sequence) {
        static Look first(LeaseSnapshot lease) {
            return new Look(false, Long.MIN_VALUE, Duration.ofMillis(100), lease.sequence());
        }

        boolean isDue(long now) {
            return !underWay && (next == Long.MIN_VALUE || next - now <= 0);
        }

        Look begun() {
            return new Look(true, next, pause, sequence);
        }

        Look again(long now, Duration in) {
            return new Look(false, now + in.toNanos(), pause, sequence);
        }

        Look backOff(long now) {
            Duration doubled = pause.multipliedBy(2);
            return new Look(
                    false,
                    now + pause.toNanos(),
                    doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled,
                    sequence);
        }
    }

    HealingLoop(
            String dataSource,
            HealingConfig config,
            LeaseRegistry registry,
            HealingCycle cycle,
            ActThread acts,
            Ticker ticker,
            Metrics metrics,
            Predicate<LeaseEvent.Refuted> refutation) {
        this.dataSource = dataSource;
        this.config = config;
        this.registry = registry;
        this.cycle = cycle;
        this.acts = acts;
        this.ticker = ticker;
        this.metrics = metrics;
        this.refutation = refutation;
        this.lastSlowLook = ticker.nanos() - SLOW_LOOKS_APART.toNanos();
        this.thread = new Thread(this::run, "pgheal-" + dataSource + "-loop");
        thread.setDaemon(true);
    }

    void start() {
        acts.start();
        thread.start();
    }

    /** The leases as they were at the last look. */
    List<LeaseSnapshot> seen() {
        return seen;
    }

    boolean isAlive() {
        return thread.isAlive() && !acts.isStuck();
    }

    private void run() {
        long last = ticker.nanos();
        while (!closed) {
            try {
                registry.await(tick());
                long now = ticker.nanos();
                if (now - last > STARVED.toNanos()) {
                    LOG.info(
                            "[{}] the process was paused for {} ms: every clock starts anew",
                            dataSource,
                            (now - last) / 1_000_000);
                    registry.restartClocks(now);
                }
                last = now;
                look(now);
                acts.watch();
                metrics.cycle(Duration.ofNanos(ticker.nanos() - now));
            } catch (InterruptedException e) {
                // Only close() ends the loop, and it says so.
            } catch (Throwable e) {
                if (failedLooks++ % FAILED_LOOKS_TOLD == 0) {
                    LOG.error("[{}] a look of the healing loop failed; the next one goes on", dataSource, e);
                }
            }
        }
        finishWhatIsLeft();
    }

    /**
     * Fine while there are suspects; and while connections are lent, if some place has learned that its statements are to
     * be asked about early.
     */
    private long tick() {
        long tick = looks.isEmpty() ? TICK_MILLIS : SUSPICIOUS_TICK_MILLIS;
        if (!registry.sites().hasLearnedThresholds()) {
            return tick;
        }
        if (seen.isEmpty()) {
            registry.wakeOnLend();
            return tick;
        }
        long quarter =
                registry.sites().shortestThreshold(config.lockWaitThreshold()).toMillis() / 4;
        return Math.min(tick, Math.max(quarter, FINEST_TICK_MILLIS));
    }

    /** The pool lives on: what waits to be given back must not wait for ever. */
    private void finishWhatIsLeft() {
        registry.events().stream()
                .filter(LeaseEvent.CutReturn.class::isInstance)
                .forEach(event -> ((LeaseEvent.CutReturn) event).lease().giveBack());
        registry.look(ticker.nanos()).forEach(lease -> lease.lease().finish(lease));
    }

    private void look(long now) {
        registry.events().forEach(event -> hear(event, now));
        List<LeaseSnapshot> leases = registry.look(now);
        seen = leases;
        List<LeaseSnapshot> slow = new ArrayList<>();
        Map<BackendId, AbandonedLease> abandoned = new HashMap<>();
        Set<Long> suspects = new HashSet<>();
        for (LeaseSnapshot lease : leases) {
            if (lease.unfinished() != LeaseSnapshot.Unfinished.NOTHING) {
                suspects.add(lease.lease().id());
                act(lease, now, () -> finish(lease));
                continue;
            }
            Optional<AbandonedLease> symptom = symptomOf(lease);
            if (symptom.isPresent()) {
                suspects.add(lease.lease().id());
                if (isJudgedOnItsOwn(symptom.get())) {
                    addBackend(symptom.get(), abandoned);
                }
                if (isRipe(symptom.get())) {
                    act(lease, now, () -> judge(symptom.get(), leases));
                }
            } else if (lease.executing() && (askNow || isSlow(lease))) {
                slow.add(lease);
            }
        }
        looks.keySet().retainAll(suspects);
        lookAtSlow(slow, leases, abandoned, now);
        if (!askNow) {
            tellOfUnseenHolders();
        }
        lookAtAfterlife(leases, now);
    }

    private void hear(LeaseEvent event, long now) {
        if (event instanceof LeaseEvent.Refuted refuted) {
            if (!refutation.test(refuted)) {
                acts.submit(
                        () -> { // its heal is under way, and tells its story at the end
                            var unused = refutation.test(refuted);
                        });
            }
        } else if (event instanceof LeaseEvent.Outlived outlived) {
            if (afterlife.size() < AFTERLIFE_KEPT) {
                afterlife.put(
                        outlived.backend(),
                        new Look(false, now + FIRST_AFTERLIFE_LOOK.toNanos(), FIRST_AFTERLIFE_LOOK, 0));
            }
        } else if (event instanceof LeaseEvent.CutReturn cut) {
            acts.submit(cut.lease()::giveBack);
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
        registry.sites().learnFailedWait(lease.site(), waited, config.lockWaitThreshold());
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

    private Optional<AbandonedLease> symptomOf(LeaseSnapshot lease) {
        return Detector.abandoned(
                lease,
                config.threadEvidence(),
                config.borrowStacks() > 0,
                kind -> registry.sites().isRefuted(lease.site(), kind.name()));
    }

    /** Strong evidence is nothing before its grace is over, nor while nobody could want what the lease holds. */
    private boolean isRipe(AbandonedLease symptom) {
        LeaseSnapshot lease = symptom.lease();
        return symptom.strength() == Strength.CERTAIN
                || (lease.quiet().compareTo(config.limits().grace()) >= 0
                        && !lease.extended()
                        && (lease.transactionOpen() || registry.isPoolExhausted()));
    }

    /** Else nobody would tell those who wait for it: without a transaction it may still hold its session's advisory locks. */
    private boolean isJudgedOnItsOwn(AbandonedLease symptom) {
        return symptom.strength() == Strength.CERTAIN
                || (symptom.strength() == Strength.STRONG && symptom.lease().transactionOpen());
    }

    private boolean isSlow(LeaseSnapshot lease) {
        Duration usual = config.lockWaitThreshold();
        return lease.callFor().compareTo(registry.sites().shortestThreshold(usual)) >= 0
                && (lease.callFor().compareTo(usual) >= 0
                        || lease.callFor().compareTo(registry.sites().threshold(lease.site(), usual)) >= 0);
    }

    // ---- what is handed to the act thread

    private void act(LeaseSnapshot lease, long now, Runnable act) {
        long id = lease.lease().id();
        Look look = looks.get(id);
        // While an act is under way its look belongs to the act thread: put back here, it would stay so for ever.
        if (look == null || (look.sequence() != lease.sequence() && !look.underWay())) {
            look = Look.first(lease);
        }
        if (look.isDue(now)) {
            looks.put(id, look.begun());
            if (!acts.submit(act)) {
                looks.put(id, look.backOff(now));
            }
        }
    }

    private void judge(AbandonedLease symptom, List<LeaseSnapshot> leases) {
        long id = symptom.lease().lease().id();
        Decision decision = null;
        try {
            decision = cycle.abandoned(symptom, leases);
        } finally {
            long now = ticker.nanos();
            Duration in = decision == null ? Duration.ZERO : decision.lookAgain();
            looks.computeIfPresent(id, (key, look) -> in.isZero() ? look.backOff(now) : look.again(now, in));
        }
    }

    private void finish(LeaseSnapshot lease) {
        try {
            lease.lease().finish(lease);
        } finally {
            long now = ticker.nanos();
            looks.computeIfPresent(lease.lease().id(), (key, look) -> look.backOff(now));
        }
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
        if (!due || slow.isEmpty() || slowLookUnderWay || now - lastSlowLook < slowLooksApart) {
            return;
        }
        for (LeaseSnapshot lease : slow) {
            slowLooks.put(lease.lease().id(), new SlowLook(lease.sequence(), nextAge(lease.callFor())));
        }
        lastSlowLook = now;
        askNow = false;
        limitDue = Long.MAX_VALUE;
        slowLookUnderWay = true;
        boolean taken = acts.submit(() -> {
            long began = ticker.nanos();
            try {
                cycle.blockers(new SlowStatements(slow), leases, abandoned).stream()
                        .map(HealingLoop::nextLook)
                        .filter(in -> !in.isZero())
                        .min(Duration::compareTo)
                        .ifPresent(in -> limitDue = ticker.nanos() + in.toNanos());
            } finally {
                slowLooksApart = apart(ticker.nanos() - began);
                slowLookUnderWay = false;
            }
        });
        if (!taken) {
            slowLookUnderWay = false;
        }
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
        boolean taken = acts.submit(() -> {
            Set<BackendId> remaining = due;
            try {
                remaining = cycle.outlived(new OutlivedBackends(due, lingering), leases);
            } finally {
                afterwards(due, remaining);
            }
        });
        if (!taken) {
            afterwards(due, due);
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
        registry.wake();
        acts.close();
    }
}
