package io.pgheal.bench;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.bench.Samples.Interval;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.RungResult;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentListener;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Hundreds of logins wait for one row. How long until all have gone on, after a heal and after the holder's own rollback,
 * and what pgheal asked the server meanwhile, counted in the server's log.
 */
public final class PileUp {
    private static final String LOGINS = "logins";
    static final int HEALTHY_LOGINS = 4000;

    private final Server server;
    private final HikariDataSource pool;
    private final SelfHealingDataSource guarded;
    private final Connection observer;
    private final int waiters;
    private final BlockingQueue<Long> decided = new ArrayBlockingQueue<>(100);
    private final List<Object> kept = new ArrayList<>();

    /**
     * One queue, in milliseconds from the moment in which its holder was lost, or rolled back; where the collector is
     * asked first, from the decision.
     */
    private record Trial(double first, double all, long asked) {}

    private PileUp(Server server, int waiters) throws SQLException {
        this.server = server;
        this.waiters = waiters;
        HikariConfig config = server.pool(waiters + 2);
        config.setConnectionTimeout(120_000);
        config.addDataSourceProperty("ApplicationName", LOGINS);
        this.pool = new HikariDataSource(config);
        this.observer = server.connect("observer");
        this.guarded = SelfHealingDataSource.builder(pool)
                .config(HealingConfig.builder()
                        .signalsPerMinute(10_000)
                        .certainPerMinute(10_000)
                        .build())
                .listener(new IncidentListener() {
                    @Override
                    public void onIncident(Incident incident) {
                        // In the rush the server may be too busy to tell pgheal that the transaction is gone.
                        if (incident.outcome() == OutcomeKind.HEALED
                                || incident.outcome() == OutcomeKind.RELEASED_UNVERIFIED) {
                            long remedies = incident.remedies().stream()
                                    .map(RungResult::took)
                                    .mapToLong(Duration::toNanos)
                                    .sum();
                            decided.add(System.nanoTime() - remedies);
                        }
                    }
                })
                .build();
    }

    public static void main(String[] arguments) throws Exception {
        int waiters = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 500;
        int trials = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 10;
        Report report = new Report(
                "pile-up",
                "%d waiters for one row, %d trials of each in turns; ms, medians".formatted(waiters, trials));
        run(report, waiters, trials);
        report.end();
    }

    static void run(Report report, int waiters, int trials) throws Exception {
        try (Server server =
                Server.start(Map.of("max_connections", Integer.toString(waiters + 50), "log_statement", "all"))) {
            report.on(server);
            PileUp bench = new PileUp(server, waiters);
            bench.fill();
            bench.healthyLoad(report);
            bench.compare(report, trials);
            bench.guarded.close();
            bench.pool.close();
        }
    }

    /** All connections, and what pgheal asks each when it first sees it, before anything is measured. */
    private void fill() throws Exception {
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < waiters + 2; i++) {
            all.add(guarded.getConnection());
        }
        for (Connection each : all) {
            each.close();
        }
        while (!guarded.healer().connected()) {
            Thread.sleep(5);
        }
    }

    /** What pgheal asks while nothing goes wrong. */
    private void healthyLoad(Report report) throws Exception {
        Report.progress("healthy load");
        long before = server.statementsOf("pgheal-control");
        long own = server.statementsOf(LOGINS);
        ExecutorService workers = Executors.newFixedThreadPool(4);
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String username = "user" + (i + 10);
            all.add(workers.submit(() -> {
                for (int k = 0; k < HEALTHY_LOGINS / 4; k++) {
                    try (Connection connection = Row.lock(guarded.getConnection(), username)) {
                        connection.commit();
                    }
                }
                return username;
            }));
        }
        for (Future<?> each : all) {
            each.get();
        }
        workers.shutdown();
        long asked = server.statementsOf("pgheal-control") - before;
        String told = "%d for %d of the application".formatted(asked, server.statementsOf(LOGINS) - own);
        report.note("Healthy load before that, %d logins by 4 threads: pgheal's statements, by the server's log: %s."
                .formatted(HEALTHY_LOGINS, told));
        report.headline("healthy load: statements that pgheal sends", told);
    }

    private void compare(Report report, int trials) throws Exception {
        List<Trial> own = new ArrayList<>();
        List<Trial> again = new ArrayList<>();
        List<Trial> watched = new ArrayList<>();
        List<Trial> certain = new ArrayList<>();
        List<Trial> proven = new ArrayList<>();
        for (int i = -1; i < trials; i++) {
            Report.progress(i < 0 ? "warms up" : "trial " + (i + 1) + " of " + trials);
            Trial a = holderRollsBack(pool);
            Trial b = holderRollsBack(pool);
            Trial c = holderRollsBack(guarded);
            Trial d = scopeEnds();
            Trial e = threadEnds();
            if (i >= 0) {
                own.add(a);
                again.add(b);
                watched.add(c);
                certain.add(d);
                proven.add(e);
            }
        }
        report.table(
                "",
                "first waiter has the row",
                "all have gone on",
                "x the holder's own rollback",
                "",
                "pgheal's statements, at most");
        report.chart(
                waiters + " waiters for one row: until all have gone on; diamonds: the 95 % interval",
                "x own rollback");
        Interval noise = all(again).ratioTo(all(own));
        row(report, "noise", "the holder rolls back, without pgheal, again: noise", again, own, null);
        row(report, "rolled back, with pgheal", "the holder rolls back, with pgheal", watched, own, noise);
        row(report, "scope ended", "healed: its scope ended", certain, own, noise);
        row(report, "thread ended", "healed: its thread ended, from the decision on", proven, own, noise);
        report.note(String.format(
                Locale.ROOT,
                "The holder's own rollback, without pgheal: the first waiter has the row after %.1f ms, all have gone on after %.0f ms.",
                Samples.of(own.stream().map(Trial::first).toList()).median(),
                all(own).median()));
    }

    private static Samples all(List<Trial> trials) {
        return Samples.of(trials.stream().map(Trial::all).toList());
    }

    private static void row(
            Report report, String label, String title, List<Trial> trials, List<Trial> own, @Nullable Interval noise) {
        Interval ratio = all(trials).ratioTo(all(own));
        Samples first = Samples.of(trials.stream().map(Trial::first).toList());
        String verdict = noise == null
                ? ""
                : ratio.verdict(noise).replace("dearer", "slower").replace("cheaper", "quicker");
        report.row(
                title,
                String.format(Locale.ROOT, "%.1f", first.median()),
                String.format(Locale.ROOT, "%.0f", all(trials).median()),
                ratio.toString(),
                verdict,
                Long.toString(trials.stream().mapToLong(Trial::asked).max().orElse(0)));
        report.bar(label, ratio.value(), ratio.low(), ratio.high());
        report.headline(
                "waiters for one row, x the holder's own rollback: " + title,
                String.format(
                        Locale.ROOT,
                        "all %s, the first after %.1f ms%s",
                        ratio,
                        first.median(),
                        verdict.isEmpty() ? "" : ", " + verdict));
    }

    /** Logins that wait, until they are through. */
    private final class Queue {
        private final long[] through = new long[waiters];
        private final CountDownLatch left = new CountDownLatch(waiters);
        private final long askedBefore = asked();

        Queue(DataSource logins) throws Exception {
            for (int i = 0; i < waiters; i++) {
                int number = i;
                Thread thread = new Thread(
                        null,
                        () -> {
                            try (Connection connection = logins.getConnection()) {
                                Row.update(connection, "user1");
                                through[number] = System.nanoTime();
                            } catch (SQLException e) {
                                System.err.println("a waiter failed: " + e);
                            } finally {
                                left.countDown();
                            }
                        },
                        "waiter",
                        256 * 1024);
                thread.setDaemon(true);
                thread.start();
            }
            Server.awaitWaiting(observer, waiters);
        }

        Trial end(long free) throws Exception {
            if (!left.await(120, TimeUnit.SECONDS)) {
                throw new IllegalStateException(left.getCount() + " still wait");
            }
            Arrays.sort(through);
            return new Trial((through[0] - free) / 1e6, (through[waiters - 1] - free) / 1e6, asked() - askedBefore);
        }

        private long asked() throws Exception {
            return server.statementsOf("pgheal-control");
        }
    }

    private Trial holderRollsBack(DataSource logins) throws Exception {
        try (Connection holder = Row.lock(logins.getConnection(), "user1")) {
            Queue queue = new Queue(logins);
            long free = System.nanoTime();
            holder.rollback();
            return queue.end(free);
        }
    }

    private Trial scopeEnds() throws Exception {
        decided.clear();
        Queue queue;
        long lost;
        try (var scope = guarded.scope("pile-up")) {
            kept.add(Row.lock(guarded.getConnection(), "user1"));
            queue = new Queue(guarded);
            lost = System.nanoTime();
        }
        return end(queue, lost);
    }

    private Trial threadEnds() throws Exception {
        decided.clear();
        CountDownLatch locked = new CountDownLatch(1);
        CountDownLatch lost = new CountDownLatch(1);
        Thread owner = new Thread(() -> {
            try {
                Connection connection = Row.lock(guarded.getConnection(), "user1");
                locked.countDown();
                lost.await();
                connection.isClosed(); // until now it was referred to
            } catch (SQLException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        owner.start();
        locked.await();
        Queue queue = new Queue(guarded); // all of it: else the first would go on before the last has come
        lost.countDown();
        owner.join();
        return end(queue, 0);
    }

    /** From the decision, or where nobody has to be asked from the loss of the owner: what the waiters feel. */
    private Trial end(Queue queue, long lost) throws Exception {
        Long at = decided.poll(60, TimeUnit.SECONDS);
        if (at == null) {
            throw new IllegalStateException("not healed: " + guarded.incidents());
        }
        return queue.end(lost == 0 ? at : lost);
    }
}
