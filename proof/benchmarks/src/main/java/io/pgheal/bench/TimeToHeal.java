package io.pgheal.bench;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.RungResult;
import io.pgheal.report.Incident;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How long it takes from the loss of the owner, and from its last call, to pgheal's decision and to the moment in which
 * a login from outside has the row. One trial after the other, each on a real server.
 */
public final class TimeToHeal {
    private static final long GIVEN_UP_AFTER_S = 60;

    private final SelfHealingDataSource guarded;
    private final Connection outside;
    private final Connection observer;
    private final BlockingQueue<Told> told = new ArrayBlockingQueue<>(16);
    private final ExecutorService waiter = Executors.newSingleThreadExecutor();
    private final List<Object> kept = new ArrayList<>();
    private @Nullable Future<Long> waitForRow;

    private record Told(Incident incident, long at) {}

    /** When the owner made its last call, and when it was lost, by {@link System#nanoTime()}. */
    private record Loss(long lastCall, long lost) {}

    /** One trial, in milliseconds. */
    private record Trial(double decided, double free, double freeFromLastCall) {}

    private interface Leak {
        Loss leak(TimeToHeal bench) throws Exception;
    }

    /** The ways to lose an owner. */
    private enum Kind {
        SCOPE_ENDED("its scope ended (certain)", TimeToHeal::endScope),
        HANDLE_UNREACHABLE("its handle was collected (certain)", TimeToHeal::collect),
        ORPHANED_BACKEND("its connection was aborted in a busy call (certain)", TimeToHeal::orphan),
        OWNER_ENDED("its thread ended (the collector is asked)", TimeToHeal::endThread),
        OWNER_FORGOT(
                "its thread forgot it and lives on; one of ours waits (the collector is asked after 1 s)",
                TimeToHeal::backToPool);

        private final String title;

        @SuppressWarnings("ImmutableEnumChecker") // a method
        private final Leak leak;

        Kind(String title, Leak leak) {
            this.title = title;
            this.leak = leak;
        }
    }

    private TimeToHeal(Server server, HikariDataSource pool) throws SQLException {
        this.outside = server.connect("outside");
        this.observer = server.connect("observer");
        outside.setAutoCommit(false);
        this.guarded = SelfHealingDataSource.builder(pool)
                .config(HealingConfig.builder()
                        .signalsPerMinute(100_000)
                        .certainPerMinute(100_000)
                        .build())
                .listener(incident -> {
                    if (incident.outcome() == OutcomeKind.HEALED) {
                        told.add(new Told(incident, System.nanoTime()));
                    }
                })
                .build();
    }

    public static void main(String[] arguments) throws Exception {
        int trials = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 120;
        System.out.println("machine: " + Machine.described());
        System.out.printf(
                "%d trials of each kind, a login waits for the row, from outside where not said otherwise; ms%n%n",
                trials);
        System.out.println(
                "| the owner is lost: | decided | 99 % | row free | 99 % | row free, from the last call | 99 % |");
        System.out.println("|---|---|---|---|---|---|---|");
        try (Server server = Server.start(Map.of());
                HikariDataSource pool = new HikariDataSource(server.pool(6))) {
            TimeToHeal bench = new TimeToHeal(server, pool);
            bench.awaitConnected();
            Plot plot = new Plot("From the loss of the owner until the next login has the row", "ms");
            for (Kind kind : Kind.values()) {
                Samples free = bench.row(kind, trials);
                plot.bar(kind.name(), free.median(), free.p99() - free.median());
            }
            plot.save("benchmark-time-to-heal");
            System.out.println();
            System.out.println("the collector: " + bench.guarded.healer().proof());
            bench.guarded.close();
            bench.waiter.shutdownNow();
        }
    }

    private void awaitConnected() throws InterruptedException {
        while (!guarded.healer().connected()) {
            Thread.sleep(5);
        }
    }

    private Samples row(Kind kind, int trials) throws Exception {
        for (int i = 0; i < 10; i++) {
            trial(kind); // warms up
        }
        List<Trial> seen = new ArrayList<>();
        for (int i = 0; i < trials; i++) {
            seen.add(trial(kind));
        }
        Samples decided = Samples.of(seen.stream().map(Trial::decided).toList());
        Samples free = Samples.of(seen.stream().map(Trial::free).toList());
        Samples fromLastCall =
                Samples.of(seen.stream().map(Trial::freeFromLastCall).toList());
        System.out.printf("| %s | %s |%n", kind.title, told(decided) + " | " + told(free) + " | " + told(fromLastCall));
        return free;
    }

    private static String told(Samples samples) {
        return "%.1f | %.1f".formatted(samples.median(), samples.p99());
    }

    private Trial trial(Kind kind) throws Exception {
        told.clear();
        kept.clear();
        Loss loss = kind.leak.leak(this);
        long freeAt = Objects.requireNonNull(waitForRow).get(GIVEN_UP_AFTER_S, TimeUnit.SECONDS);
        Told story = told.poll(GIVEN_UP_AFTER_S, TimeUnit.SECONDS);
        if (story == null) {
            throw new IllegalStateException("healed, but not told: " + guarded.incidents());
        }
        awaitNoLease();
        long remedies = story.incident().remedies().stream()
                .map(RungResult::took)
                .mapToLong(Duration::toNanos)
                .sum();
        return new Trial(
                ms((double) (story.at() - remedies - loss.lost())), ms((double) (freeAt - loss.lost())), ms((double)
                        (freeAt - loss.lastCall())));
    }

    private static double ms(double nanos) {
        return nanos / 1_000_000;
    }

    // ---- the waiter

    private Future<Long> waitFor() {
        return waiter.submit(() -> {
            Row.update(outside, "user1");
            long now = System.nanoTime();
            outside.rollback();
            return now;
        });
    }

    /** Nobody is suspected, so nobody looks for those who wait from outside. */
    private Future<Long> oneOfOursWaits() {
        return waiter.submit(() -> {
            try (Connection connection = guarded.getConnection()) {
                Row.update(connection, "user1");
                return System.nanoTime();
            }
        });
    }

    /** Somebody waits before the owner is lost, so that what is measured is the heal alone. */
    private void beginWaiting() throws Exception {
        waitForRow = waitFor();
        Server.awaitWaiting(observer, 1);
    }

    private void awaitNoLease() throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(GIVEN_UP_AFTER_S);
        while (guarded.healer().leases() > 0 && System.nanoTime() < until) {
            Thread.sleep(1);
        }
    }

    // ---- the leaks

    private Loss endScope() throws Exception {
        try (var scope = guarded.scope("trial")) {
            kept.add(Row.lock(guarded.getConnection(), "user1"));
            beginWaiting();
            long lost = System.nanoTime();
            return new Loss(lost, lost);
        }
    }

    private Loss collect() throws Exception {
        ReferenceQueue<Object> queue = new ReferenceQueue<>();
        Reference<?> reference = leakTracked(queue);
        long lastCall = System.nanoTime();
        beginWaiting();
        System.gc();
        if (queue.remove(10_000) != reference) {
            throw new IllegalStateException("the handle was not collected");
        }
        return new Loss(lastCall, System.nanoTime());
    }

    /** A method of its own, so that no local variable keeps the handle. */
    private Reference<?> leakTracked(ReferenceQueue<Object> queue) throws SQLException {
        return new PhantomReference<>(Row.lock(guarded.getConnection(), "user1"), queue);
    }

    private Loss endThread() throws Exception {
        long[] lastCall = new long[1];
        Thread owner = new Thread(() -> lastCall[0] = leakHere());
        owner.start();
        owner.join();
        long lost = System.nanoTime();
        beginWaiting();
        return new Loss(lastCall[0], lost);
    }

    private Loss backToPool() throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(1);
        kept.add(executor);
        long lastCall = executor.submit(this::leakHere).get();
        long lost = System.nanoTime();
        waitForRow = oneOfOursWaits();
        ended(executor);
        return new Loss(lastCall, lost);
    }

    /** Lets go of the worker only after the heal: until then it is alive and idle. */
    private void ended(ExecutorService executor) {
        Thread after = new Thread(() -> {
            try {
                awaitNoLease();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            executor.shutdownNow();
        });
        after.setDaemon(true);
        after.start();
    }

    private long leakHere() {
        try {
            Row.lock(guarded.getConnection(), "user1");
            return System.nanoTime();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** An abort from outside cuts the socket under a statement: its backend goes on, with its locks. */
    private Loss orphan() throws Exception {
        Connection connection = Row.lock(guarded.getConnection(), "user1");
        long lastCall = System.nanoTime();
        Thread busy = new Thread(() -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("SELECT pg_sleep(600)");
            } catch (SQLException cut) {
                // as meant
            }
        });
        busy.start();
        while (busy.getState() != Thread.State.RUNNABLE || !sleeps()) {
            Thread.sleep(1);
        }
        beginWaiting();
        long lost = System.nanoTime();
        connection.abort(Runnable::run);
        busy.join();
        connection.close();
        return new Loss(lastCall, lost);
    }

    private boolean sleeps() throws SQLException {
        try (Statement statement = observer.createStatement();
                var found =
                        statement.executeQuery("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")) {
            found.next();
            return found.getInt(1) > 0;
        }
    }
}
