package io.pgheal.bench;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.heal.OutcomeKind;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How long it takes from the loss of the owner, and from its last call, to the moment in which a login from
 * outside has the row. One trial after the other, each on a real server.
 */
public final class TimeToHeal {
    private static final int TRIALS = 120;
    private static final long GIVEN_UP_AFTER_S = 60;
    private static final long SETTLED_MS = 2000;

    private final SelfHealingDataSource guarded;
    private final Connection outside;
    private final Connection observer;
    private final Semaphore healed = new Semaphore(0);
    private final ExecutorService waiter = Executors.newSingleThreadExecutor();
    private final List<Object> kept = new ArrayList<>();
    private @Nullable Future<Long> waitForRow;

    /** When the owner made its last call, and when it was lost, by {@link System#nanoTime()}. */
    private record Loss(long lastCall, long lost) {}

    /** One trial, in milliseconds. */
    private record Trial(double free, double freeFromLastCall) {}

    private interface Leak {
        Loss leak(TimeToHeal bench) throws Exception;
    }

    /** The ways to lose an owner. */
    private enum Kind {
        SCOPE_ENDED("scope ended", "its scope ended (certain)", 1, TimeToHeal::endScope),
        HANDLE_UNREACHABLE("handle collected", "its handle was collected (certain)", 1, TimeToHeal::collect),
        ORPHANED_BACKEND(
                "busy call aborted", "its connection was aborted in a busy call (certain)", 1, TimeToHeal::orphan),
        OWNER_ENDED("thread ended", "its thread ended (a suspicion: the collector is asked)", 6, TimeToHeal::endThread),
        OWNER_FORGOT(
                "thread lives on",
                "its thread forgot it and lives on; one of ours waits (the collector is asked after 1 s)",
                6,
                TimeToHeal::backToPool);

        private final String label;
        private final String title;
        /** One trial for so many of the quick kinds. */
        private final int slow;

        @SuppressWarnings("ImmutableEnumChecker") // a method
        private final Leak leak;

        Kind(String label, String title, int slow, Leak leak) {
            this.label = label;
            this.title = title;
            this.slow = slow;
            this.leak = leak;
        }
    }

    private TimeToHeal(String url, HikariDataSource pool) throws SQLException {
        this.outside = Server.connect(url, "outside");
        this.observer = Server.connect(url, "observer");
        outside.setAutoCommit(false);
        this.guarded = SelfHealingDataSource.builder(pool)
                .config(HealingConfig.builder()
                        .signalsPerMinute(100_000)
                        .certainPerMinute(100_000)
                        .build())
                .listener(incident -> {
                    if (incident.outcome() == OutcomeKind.HEALED) {
                        healed.release();
                    }
                })
                .build();
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 1 && arguments[0].equals("first")) {
            first(arguments[1]);
            return;
        }
        int trials = arguments.length > 0 ? Integer.parseInt(arguments[0]) : TRIALS;
        Report report = new Report(
                "time-to-heal",
                "A login waits for the row, from outside where not said otherwise; one trial after the other, and after an answer of the collector not before it may be asked again; a small heap; ms");
        run(report, trials);
        report.end();
    }

    static void run(Report report, int trials) throws Exception {
        try (Server server = Server.start(Map.of());
                HikariDataSource pool = new HikariDataSource(server.pool(6))) {
            report.on(server);
            report.table(
                    "the owner is lost:",
                    "trials",
                    "row free: median",
                    "99 %",
                    "row free, from the last call: median",
                    "99 %");
            report.logarithmicChart(
                    "From the loss of the owner until a login that waits has the row: median; diamonds: 99 %, or the longest",
                    "ms");
            TimeToHeal bench = new TimeToHeal(server.url(), pool);
            bench.awaitConnected();
            for (Kind kind : Kind.values()) {
                Report.progress(kind.title);
                List<Trial> seen = bench.trials(kind, Math.max(1, trials / kind.slow));
                row(report, kind.label, kind.title, seen);
            }
            Report.progress("first heals");
            List<Trial> first = new ArrayList<>();
            for (int i = 0; i < Math.max(1, trials / 12); i++) {
                first.add(firstInAJvm(server.url()));
            }
            row(report, "first of a JVM", "its scope ended: the first heal of a JVM, 2 s after the start", first);
            report.note("The collector: " + bench.guarded.healer().proof());
            bench.end();
        }
    }

    private static void row(Report report, String label, String title, List<Trial> seen) {
        Samples free = Samples.of(seen.stream().map(Trial::free).toList());
        Samples fromLastCall =
                Samples.of(seen.stream().map(Trial::freeFromLastCall).toList());
        report.row(
                title,
                Integer.toString(seen.size()),
                ms(free.median()),
                tail(free),
                ms(fromLastCall.median()),
                tail(fromLastCall));
        report.headline(
                "row free after the owner was lost: " + title,
                ms(free.median()) + " ms, " + (free.count() >= 100 ? "99 % " : "") + tail(free) + " ms");
        report.bar(label, free.median(), free.median(), free.p99());
    }

    private static String ms(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    /** Of less than a hundred trials, 99 % are all of them. */
    private static String tail(Samples samples) {
        return samples.count() >= 100 ? ms(samples.p99()) : "longest " + ms(samples.max());
    }

    // ---- the first heal of a JVM

    private static Trial firstInAJvm(String url) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        TimeToHeal.class.getName(),
                        "first",
                        url)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException("a JVM ended with " + process.exitValue());
        }
        double[] values = said.lines()
                .filter(line -> line.startsWith("> "))
                .flatMap(line -> Arrays.stream(line.substring(2).split(" ", -1)))
                .mapToDouble(Double::parseDouble)
                .toArray();
        return new Trial(values[0], values[1]);
    }

    private static void first(String url) throws Exception {
        try (HikariDataSource pool = new HikariDataSource(Server.pool(url, 6))) {
            TimeToHeal bench = new TimeToHeal(url, pool);
            bench.awaitConnected();
            Thread.sleep(SETTLED_MS); // the heals are rehearsed meanwhile
            Trial trial = bench.trial(Kind.SCOPE_ENDED);
            System.out.println("> " + trial.free() + " " + trial.freeFromLastCall());
            bench.end();
        }
    }

    // ---- the trials

    private void end() {
        guarded.close();
        waiter.shutdownNow();
    }

    private void awaitConnected() throws InterruptedException {
        while (!guarded.healer().connected()) {
            Thread.sleep(5);
        }
    }

    private List<Trial> trials(Kind kind, int number) throws Exception {
        for (int i = 0; i < number / 10; i++) {
            trial(kind); // warms up
        }
        List<Trial> seen = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            seen.add(trial(kind));
        }
        return seen;
    }

    private Trial trial(Kind kind) throws Exception {
        healed.drainPermits();
        kept.clear();
        Loss loss = kind.leak.leak(this);
        long freeAt = Objects.requireNonNull(waitForRow).get(GIVEN_UP_AFTER_S, TimeUnit.SECONDS);
        if (!healed.tryAcquire(GIVEN_UP_AFTER_S, TimeUnit.SECONDS)) {
            throw new IllegalStateException("healed, but not told: " + guarded.incidents());
        }
        awaitNoLease();
        if (kind.slow > 1) {
            awaitTheNextMayBeAsked();
        }
        return new Trial((freeAt - loss.lost()) / 1e6, (freeAt - loss.lastCall()) / 1e6);
    }

    /** An answer of the collector that proved something costs a pause of five times as long. */
    private void awaitTheNextMayBeAsked() throws InterruptedException {
        Thread.sleep(guarded.healer().proof().took().multipliedBy(6).toMillis());
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
