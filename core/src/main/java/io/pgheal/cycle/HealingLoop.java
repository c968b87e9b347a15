package io.pgheal.cycle;

import io.pgheal.HealingConfig;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.detect.Detector;
import io.pgheal.detect.Strength;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.detect.Symptom.SlowStatements;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.ActThread.Turn;
import io.pgheal.postgres.BackendId;
import io.pgheal.report.HealerState;
import io.pgheal.report.IncidentJournal;
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
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
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
    /** While an owner may be gone. Otherwise a look in 50 ms is enough: what proves that an owner is gone wakes the loop. */
    private static final long SUSPICIOUS_TICK_MILLIS = 10;
    /** With very many leases, the pause between looks is this many times the length of a look, up to the longest tick. */
    private static final int LOOKS_APART = 50;

    private static final long FINEST_TICK_MILLIS = 5;
    private static final int FAILED_WAITS_KEPT = 100;
    private static final Duration STARVED = Duration.ofSeconds(1);
    /** A few ticks: on a busy machine the loop may always be this late. */
    private static final Duration LATE = Duration.ofMillis(4 * TICK_MILLIS);

    /** References that a collection found may reach the queue this long after its answer. */
    private static final Duration ANSWER_SETTLES = Duration.ofMillis(50);

    private static final Duration EXHAUSTED_FOR_LONG = Duration.ofSeconds(10);

    private static final Duration ANEW = Duration.ofSeconds(1);
    private static final long ANEW_LOOK_NANOS = 500_000;
    private static final int FAILED_LOOKS_PER_LOG_LINE = 1000;
    /** The loop looks many times a second: without a look for this long it hangs. */
    private static final Duration LONGEST_LOOK = Duration.ofSeconds(10);

    private final String dataSource;
    private final Supplier<HealingConfig> config;
    private final LeaseRegistry registry;
    private final HealingCycle cycle;
    private final ActThread acts;
    private final Servers servers;
    private final IncidentJournal journal;
    private final Ticker ticker;
    private final Metrics metrics;
    private final Refutations refutations;
    private final Witness witness;
    private final Runnable newsHeard;
    private final Thread thread;

    private final SuspectSchedule suspects;
    private final SlowStatementSchedule slowStatements;
    private final AfterlifeSchedule afterlife;

    private volatile List<LeaseSnapshot> seen = List.of();
    private volatile boolean closed;
    private volatile boolean rulesChanged;
    private final List<FailedStatement> failedWaits = new ArrayList<>();

    private volatile long lastLook;
    private final AtomicLong failedLooks = new AtomicLong();
    private final AtomicLong pauses = new AtomicLong();
    private long ripeIn;
    /**
     * The settled answer: the references that a collection found arrive one by one, maybe a moment after the news of its
     * end.
     */
    private @Nullable Long answeredFor;

    private @Nullable Long answerHeard;
    private long answerHeardAt;

    private long lookTook;

    /** A statement that certainly failed to get a lock, and how long pgheal had seen it run. */
    private record FailedStatement(LeaseEvent.FailedWait failed, Duration waited) {}

    HealingLoop(
            String dataSource,
            Supplier<HealingConfig> config,
            LeaseRegistry registry,
            HealingCycle cycle,
            ActThread acts,
            Servers servers,
            IncidentJournal journal,
            Ticker ticker,
            Metrics metrics,
            Refutations refutations,
            Witness witness) {
        this.dataSource = dataSource;
        this.config = config;
        this.registry = registry;
        this.cycle = cycle;
        this.acts = acts;
        this.servers = servers;
        this.journal = journal;
        this.ticker = ticker;
        this.metrics = metrics;
        this.refutations = refutations;
        this.witness = witness;
        this.newsHeard = registry::wake;
        this.lastLook = ticker.nanos();
        this.suspects = new SuspectSchedule(acts, ticker);
        this.slowStatements = new SlowStatementSchedule(acts, ticker, lastLook);
        this.afterlife = new AfterlifeSchedule(acts, ticker, registry::wake);
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
     * The leases as they are now: triggers a look and waits for it. The leases of the last look if none comes within a
     * second.
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

    HealerState.Mishaps mishaps(long lostNotices) {
        return new HealerState.Mishaps(
                acts.givenUp(),
                acts.refused(),
                failedLooks.get(),
                pauses.get(),
                lostNotices,
                servers.connects(),
                servers.losses());
    }

    /** Whether a gap between looks is too long to count as observed: longer than half of the shortest time limit, at most. */
    private boolean isStarved(long gap) {
        if (gap <= LATE.toNanos()) {
            return false; // without a look at the limits, which would be most of what a look costs
        }
        Duration half = config.get().limits().shortest().dividedBy(2);
        return gap > (half.compareTo(STARVED) < 0 ? half : STARVED).toNanos();
    }

    /** Looks again at everything that was judged by the old rules, without waiting for the end of a pause. */
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
                if (isStarved(now - last)) {
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
                    servers.watch(now);
                    journal.watch();
                }
                lastLook = now;
                lookTook = ticker.nanos() - now;
                metrics.cycle(Duration.ofNanos(lookTook));
            } catch (InterruptedException e) {
                // Only close() ends the loop, and it sets the flag.
            } catch (Throwable e) {
                failedLook("a look of the healing loop failed; the next one goes on", e);
            }
        }
        finishWhatIsLeft();
    }

    private void failedLook(String what, Throwable e) {
        if (failedLooks.getAndIncrement() % FAILED_LOOKS_PER_LOG_LINE == 0) {
            error(what, e);
        }
    }

    /** A logger that throws must not end the loop. */
    private void error(String what, Throwable e) {
        try {
            LOG.error("[{}] {}", dataSource, what, e);
        } catch (Throwable loggerFailed) {
            // there is no other place to report it
        }
    }

    /**
     * Milliseconds until the next look: few while an owner may be gone, and while connections are lent if an early
     * threshold was learned; never beyond the moment at which a lease becomes ripe, or the next look at a backend that was
     * left behind.
     */
    private long tick() {
        long fine = Math.max(SUSPICIOUS_TICK_MILLIS, LOOKS_APART * lookTook / 1_000_000);
        long tick = suspects.isEmpty() ? TICK_MILLIS : Math.min(fine, TICK_MILLIS);
        tick = Math.min(tick, Math.min(ripeIn, afterlife.untilNext(ticker.nanos())) / 1_000_000 + 1);
        if (!registry.waits().hasThresholds()) {
            return tick;
        }
        if (seen.isEmpty()) {
            registry.wakeOnLend();
            return tick;
        }
        long quarter = registry.waits()
                        .shortestThreshold(config.get().lockWaitThreshold())
                        .toMillis()
                / 4;
        return Math.min(tick, Math.max(quarter, FINEST_TICK_MILLIS));
    }

    /** Gives back the connections that wait for it, because the pool outlives the loop. */
    private void finishWhatIsLeft() {
        for (LeaseSnapshot lease : registry.look(ticker.nanos(), null)) {
            try {
                lease.lease().finish(lease);
            } catch (Throwable e) {
                error("a connection could not be given back", e); // go on with the others
            }
        }
    }

    private void look(long now) {
        if (rulesChanged) {
            rulesChanged = false;
            slowStatements.atOnce();
            suspects.beginAnew();
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
        Map<BackendId, AbandonedLease> abandoned = lookAtSuspects(leases, now);
        askAboutTheSilent(leases, now);
        slowStatements.look(
                slow(leases), now, (slow, asked) -> cycle.blockers(new SlowStatements(slow), leases, abandoned, asked));
        if (!slowStatements.isAtOnce()) {
            reportUnseenHolders();
        }
        afterlife.look(leases, now, outlived -> cycle.outlived(outlived, leases));
    }

    /**
     * Hands the suspect leases to the act thread. Returns, by backend, those that are judged separately if they block
     * somebody.
     */
    private Map<BackendId, AbandonedLease> lookAtSuspects(List<LeaseSnapshot> leases, long now) {
        Map<BackendId, AbandonedLease> abandoned = new HashMap<>();
        Set<Long> suspected = new HashSet<>();
        List<AbandonedLease> ripe = new ArrayList<>();
        boolean exhausted = registry.isPoolExhausted();
        Duration patience = config.get().limits().patience();
        ripeIn = Long.MAX_VALUE;
        for (LeaseSnapshot lease : leases) {
            if (Detector.isOpenAfterClose(lease, patience)) {
                suspected.add(lease.lease().id());
                suspects.act(
                        lease,
                        now,
                        Turn.LAST,
                        () -> cycle.openAfterClose(lease, leases).lookAgain());
            } else if (lease.unfinished() != LeaseSnapshot.Unfinished.NOTHING && !lease.closed()) {
                suspected.add(lease.lease().id());
                suspects.act(lease, now, Turn.NEXT, () -> finish(lease));
            } else {
                AbandonedLease symptom = Detector.abandoned(lease).orElse(null);
                if (symptom != null) {
                    suspected.add(lease.lease().id());
                    BackendId backend = lease.physical().backend();
                    if (backend != null && Detector.isJudgedOnItsOwn(symptom)) {
                        abandoned.put(backend, symptom);
                    }
                    if (Detector.isRipe(symptom, exhausted)) {
                        ripe.add(symptom);
                    } else {
                        ripeIn = Math.min(ripeIn, untilRipe(symptom));
                    }
                }
            }
        }
        Set<BackendId> together = Set.copyOf(abandoned.keySet());
        ripe.forEach(
                symptom -> suspects.act(symptom.lease(), now, turnOf(symptom), () -> judge(symptom, leases, together)));
        suspects.retain(suspected);
        return abandoned;
    }

    private Duration judge(AbandonedLease symptom, List<LeaseSnapshot> leases, Set<BackendId> together) {
        Decision decision = cycle.abandoned(symptom, leases, together);
        if (decision.action() == Action.HEAL) {
            slowStatements.healed();
        }
        return decision.lookAgain();
    }

    private List<LeaseSnapshot> slow(List<LeaseSnapshot> leases) {
        Duration usual = config.get().lockWaitThreshold();
        Duration shortest = registry.waits().shortestThreshold(usual);
        return leases.stream()
                .filter(lease -> (slowStatements.isAtOnce()
                                || Detector.isSlow(
                                        lease,
                                        usual,
                                        shortest,
                                        statement -> registry.waits().threshold(statement, usual)))
                        && Detector.mayBeHeldUp(lease))
                .toList();
    }

    private void hear(LeaseEvent event, long now) {
        if (event instanceof LeaseEvent.Refuted refuted) {
            refutations.hear(refuted);
        } else if (event instanceof LeaseEvent.Outlived outlived) {
            afterlife.add(outlived.backend(), now);
        } else if (event instanceof LeaseEvent.FailedWait failed) {
            hear(failed, now);
        }
    }

    private void hear(LeaseEvent.FailedWait event, long now) {
        if (event.askedNotToWait()) {
            return;
        }
        slowStatements.atOnce(); // other statements may still wait for the same culprit
        Lease lease = event.lease();
        Duration waited = lease.callSeenFor(event.failure().sequence(), now);
        registry.waits().learnFailedWait(event.shape(), waited, config.get().lockWaitThreshold());
        if (event.failure().wasLockWait() && failedWaits.size() < FAILED_WAITS_KEPT) {
            failedWaits.add(new FailedStatement(event, waited));
        }
    }

    /** Comes after the query about the statements that still wait: the act thread does one act after the other. */
    private void reportUnseenHolders() {
        for (FailedStatement each : failedWaits) {
            acts.submit(() -> cycle.holderNotSeen(each.failed(), each.waited()));
        }
        failedWaits.clear();
    }

    /** In nanoseconds; {@code Long.MAX_VALUE} where the silence suffices already: the usual tick is enough. */
    private static long untilRipe(AbandonedLease symptom) {
        long left = Detector.untilRipe(symptom).toNanos();
        return left > 0 ? left : Long.MAX_VALUE;
    }

    private void hearTheWitness(long now) {
        Long answer = witness.answeredFor();
        if (!Objects.equals(answer, answerHeard)) {
            answerHeard = answer;
            answerHeardAt = now;
        } else if (now - answerHeardAt >= ANSWER_SETTLES.toNanos()) {
            answeredFor = answer;
        }
    }

    /**
     * Asks the collector even if no owner looks gone: a thread that waits for a connection of an exhausted pool may wait
     * for one that is never given back, and a transaction that is idle for long keeps its locks. Does no I/O.
     */
    private void askAboutTheSilent(List<LeaseSnapshot> leases, long now) {
        Duration exhausted = registry.exhaustedFor(now);
        Duration patience = config.get().limits().patience();
        if (leases.stream().anyMatch(lease -> Detector.isWorthAsking(lease, exhausted, patience))) {
            cycle.ask(exhausted.compareTo(EXHAUSTED_FOR_LONG) >= 0);
        }
    }

    private static Turn turnOf(AbandonedLease symptom) {
        return symptom.strength() == Strength.CERTAIN ? Turn.NEXT : Turn.LAST;
    }

    private static Duration finish(LeaseSnapshot lease) {
        lease.lease().finish(lease);
        return Duration.ZERO;
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
