package io.pgheal;

import io.pgheal.decide.Decider;
import io.pgheal.decide.Decision;
import io.pgheal.decide.HealingMode;
import io.pgheal.decide.Limits;
import io.pgheal.decide.Retained;
import io.pgheal.decide.SpareRules;
import io.pgheal.decide.TableRule;
import io.pgheal.detect.Detector;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.Diagnostician;
import io.pgheal.diagnose.ServerSide;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.BackendStory;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.TableName;
import io.pgheal.postgres.TransactionRef;
import io.pgheal.postgres.Trees;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.Lease;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.OwnerState;
import io.pgheal.track.Snapshots;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One moment of an invented server and of our leases on it, and the settings it is judged by; the same seed makes the same.
 * The first pids are our leases, the next ones foreign sessions, the last ones what leases of ours left behind.
 */
final class World {
    static final int OURS = 3;
    private static final int FOREIGN = 6;
    private static final int PIDS = 8;

    private static final List<TableName> TABLES = List.of(
            new TableName("public", "user_login_info"),
            new TableName("public", "orders"),
            new TableName("audit", "log"),
            new TableName("public", "events_1", new TableName("public", "events")));
    private static final List<String> PATTERNS = List.of("user_login_info", "user_*", "orders", "audit.*", "events");
    private static final List<Lease> LEASES = IntStream.rangeClosed(1, OURS)
            .mapToObj(pid -> Snapshots.leaseOn(id(pid)))
            .toList();

    private final Random random;
    final Map<BackendId, LeaseSnapshot> leases = new HashMap<>();
    final Map<Integer, Backend> backends = new HashMap<>();
    final List<Waiter> waiters = new ArrayList<>();
    final Map<Integer, List<HeldLock>> locks = new HashMap<>();
    final Limits limits;
    final SpareRules spare;
    final HealingMode mode;
    final boolean exhausted;
    final List<Verdict> verdicts = new ArrayList<>();

    /** One diagnosis of it, and what was decided. */
    record Verdict(Diagnosis diagnosis, Decision decision) {}

    World(long seed) {
        random = new Random(seed);
        for (int pid = 1; pid <= PIDS; pid++) {
            backends.put(pid, backend(pid));
            locks.put(pid, some(3, this::lock));
            if (pid <= OURS) {
                leases.put(id(pid), lease(LEASES.get(pid - 1)));
            }
        }
        for (int pid = 1; pid <= PIDS; pid++) {
            if (oneIn(2)) {
                waiters.add(waiter(pid));
            }
        }
        limits = new Limits(
                seconds(0, 5),
                Duration.ofSeconds(5).plus(seconds(0, 20)),
                oneIn(2) ? Duration.ZERO : seconds(1, 30),
                oneIn(2) ? Duration.ZERO : seconds(1, 30),
                some(3, this::rule),
                any(Retained.values()));
        spare = oneIn(2) ? SpareRules.NONE : spareRules();
        mode = oneIn(4) ? any(HealingMode.values()) : HealingMode.HEAL;
        exhausted = oneIn(2);
        judge();
    }

    // ---- the stages, put together as the loop and the cycle do

    private void judge() {
        Set<BackendId> abandoned = new HashSet<>();
        leases.forEach((backend, lease) -> {
            Optional<AbandonedLease> symptom = Detector.abandoned(lease);
            symptom.ifPresent(seen -> {
                abandoned.add(backend);
                ServerSide server = oneIn(4) ? ServerSide.blind("blind") : ServerSide.told(story(backend.pid()));
                decide(Diagnostician.abandoned(seen, server, exhausted, leases.keySet()));
            });
        });
        Set<Integer> ours = new HashSet<>(IntStream.rangeClosed(1, OURS).boxed().toList());
        ours.addAll(List.of(OURS + 1, OURS + 2)); // leases that only wait
        Diagnostician.blockers(Trees.of(waiters, backends.values()), ours, leases, abandoned, locks)
                .forEach(this::decide);
        for (int pid = FOREIGN + 1; pid <= PIDS; pid++) {
            decide(Diagnostician.orphaned(story(pid), leases.keySet()));
        }
    }

    private void decide(Diagnosis diagnosis) {
        verdicts.add(new Verdict(diagnosis, Decider.decide(diagnosis, limits, spare, mode)));
    }

    private BackendStory story(int pid) {
        return new BackendStory(
                backends.get(pid),
                locks.get(pid),
                Set.of(),
                Trees.of(waiters, backends.values()).waitersOf(pid),
                false);
    }

    // ---- what there may be

    static BackendId id(int pid) {
        return new BackendId(pid, "2026-11-23T00:00:00Z");
    }

    private LeaseSnapshot lease(Lease lease) {
        Snapshots made = Snapshots.lease().of(lease).quietFor(seconds(0, 30)).evidenceFor(seconds(0, 30));
        sometimes(5, made::withoutTransaction);
        sometimes(3, () -> made.owner(any(OwnerState.values())));
        sometimes(
                4, () -> made.scopeEnd(oneIn(2) ? "java.lang.StackOverflowError" : null, oneIn(2), oneIn(4), oneIn(4)));
        sometimes(6, made::unreachable);
        sometimes(6, () -> made.inCall(oneIn(2)));
        sometimes(2, made::retained);
        sometimes(8, made::moved);
        sometimes(8, made::ofAPlaceThatMoves);
        sometimes(8, made::calledElsewhere);
        sometimes(8, () -> made.observedFor(seconds(0, 30)));
        sometimes(10, made::unwrapped);
        sometimes(6, made::sessionBound);
        sometimes(6, made::extended);
        sometimes(9, made::enlisted);
        sometimes(20, made::closed);
        sometimes(6, () -> made.failedBy("java.lang.OutOfMemoryError"));
        return made.snapshot();
    }

    private Backend backend(int pid) {
        boolean visible = !oneIn(8);
        boolean committing = oneIn(8);
        String state = committing ? "active" : any("active", "idle in transaction", "idle in transaction (aborted)");
        return new Backend(
                pid,
                id(pid),
                visible ? new TransactionRef(id(pid), "2026-11-23T00:00:01Z", "2026-11-23T00:00:02Z", state) : null,
                null,
                oneIn(10) ? "autovacuum worker" : "client backend",
                new Backend.WaitEvent(committing ? "IPC" : null, committing ? "SyncRep" : null),
                new Backend.Client(any("shop", "reports"), any("app", "batch"), any("web", "psql"), null, null),
                null,
                new Backend.Ages(seconds(0, 60), seconds(0, 60), seconds(0, 60)),
                any("UPDATE orders SET n = ?", "/* nightly */ UPDATE orders SET n = ?"),
                committing);
    }

    private HeldLock lock() {
        return oneIn(4)
                ? new HeldLock("advisory", null, "ExclusiveLock", "0:1")
                : new HeldLock("relation", any(TABLES), any("RowExclusiveLock", "AccessShareLock"), null);
    }

    private Waiter waiter(int pid) {
        int blocker = oneIn(12) ? 0 : 1 + random.nextInt(PIDS);
        boolean advisory = oneIn(3);
        return new Waiter(
                backends.get(pid),
                advisory ? "advisory" : "transactionid",
                advisory || oneIn(4) ? null : any(TABLES),
                "ShareLock",
                Set.of(blocker == pid ? PIDS : blocker),
                seconds(0, 60),
                blocker == 0 ? "gid" : null);
    }

    private TableRule rule() {
        return new TableRule(any(PATTERNS), limit(), limit());
    }

    private @Nullable Duration limit() {
        return switch (random.nextInt(3)) {
            case 0 -> null;
            case 1 -> Duration.ZERO;
            default -> seconds(1, 30);
        };
    }

    /** The only place that makes these. */
    private SpareRules spareRules() {
        return new SpareRules(
                Set.copyOf(some(1, () -> any("app", "batch"))),
                Set.copyOf(some(1, () -> any("web", "psql"))),
                Set.copyOf(some(1, () -> any("shop", "reports"))),
                Set.copyOf(some(1, () -> any("user_login_info", "audit.log", "events", "public.events_1"))));
    }

    // ---- chance

    private boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    private void sometimes(int oneIn, Runnable change) {
        if (oneIn(oneIn)) {
            change.run();
        }
    }

    private Duration seconds(int from, int to) {
        return Duration.ofMillis(1000L * from + random.nextInt(1000 * (to - from) + 1));
    }

    @SafeVarargs
    private <T> T any(T... values) {
        return values[random.nextInt(values.length)];
    }

    private <T> T any(List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    private <T> List<T> some(int most, Supplier<T> maker) {
        List<T> made = new ArrayList<>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            made.add(maker.get());
        }
        return made;
    }
}
