package io.pgheal.bench;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
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
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

/**
 * Hundreds of logins wait for one row. How long until all have gone on, after a heal and after the holder's own rollback,
 * and what pgheal asked the server meanwhile, counted in the server's log.
 */
public final class PileUp {
    private final Server server;
    private final HikariDataSource pool;
    private final SelfHealingDataSource guarded;
    private final Connection observer;
    private final int waiters;
    private final BlockingQueue<Long> decided = new ArrayBlockingQueue<>(100);
    private final List<Object> kept = new ArrayList<>();

    /**
     * One queue, in milliseconds from the moment in which its holder was lost, or rolled back; after a grace from the decision.
     *
     * @param firstFromHeal from the decision to the moment in which the first waiter had the row
     */
    private record Trial(double first, double firstFromHeal, double all, long asked) {}

    private PileUp(Server server, int waiters) throws SQLException {
        this.server = server;
        this.waiters = waiters;
        HikariConfig config = server.pool(waiters + 2);
        config.setConnectionTimeout(120_000);
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
                        if (incident.outcome() == OutcomeKind.HEALED) {
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
        System.out.println("machine: " + Machine.described());
        System.out.printf("%d waiters for one row, %d trials of each in turns; ms, medians%n%n", waiters, trials);
        try (Server server =
                Server.start(Map.of("max_connections", Integer.toString(waiters + 50), "log_statement", "all"))) {
            PileUp bench = new PileUp(server, waiters);
            bench.fill();
            bench.compare(trials);
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

    private void compare(int trials) throws Exception {
        List<Trial> own = new ArrayList<>();
        List<Trial> watched = new ArrayList<>();
        List<Trial> certain = new ArrayList<>();
        List<Trial> strong = new ArrayList<>();
        for (int i = -1; i < trials; i++) {
            Trial a = holderRollsBack(pool);
            Trial b = holderRollsBack(guarded);
            Trial c = scopeEnds();
            Trial d = threadEnds();
            if (i >= 0) { // the first warms up
                own.add(a);
                watched.add(b);
                certain.add(c);
                strong.add(d);
            }
        }
        System.out.println(
                "| | first waiter has the row | from the heal | all have gone on | x the holder's own rollback, without pgheal | and with | pgheal's statements |");
        System.out.println("|---|---|---|---|---|---|---|");
        row("the holder rolls back, without pgheal", own, own, watched);
        row("the holder rolls back, with pgheal", watched, own, watched);
        row("healed: its scope ended", certain, own, watched);
        row("healed: its thread ended (from the decision, after the grace)", strong, own, watched);
    }

    private static void row(String title, List<Trial> trials, List<Trial> without, List<Trial> with) {
        Samples all = Samples.of(trials.stream().map(Trial::all).toList());
        System.out.printf(
                "| %s | %.1f | %.1f | %.0f | %s | %s | %.0f (at most %.0f) |%n",
                title,
                Samples.of(trials.stream().map(Trial::first).toList()).median(),
                Samples.of(trials.stream().map(Trial::firstFromHeal).toList()).median(),
                all.median(),
                all.ratioTo(Samples.of(without.stream().map(Trial::all).toList())),
                all.ratioTo(Samples.of(with.stream().map(Trial::all).toList())),
                Samples.of(trials.stream().map(trial -> (double) trial.asked()).toList())
                        .median(),
                Samples.of(trials.stream().map(trial -> (double) trial.asked()).toList())
                        .max());
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

        Trial end(long free, long healed) throws Exception {
            if (!left.await(120, TimeUnit.SECONDS)) {
                throw new IllegalStateException(left.getCount() + " still wait");
            }
            Arrays.sort(through);
            return new Trial(
                    (through[0] - free) / 1e6,
                    (through[0] - healed) / 1e6,
                    (through[waiters - 1] - free) / 1e6,
                    asked() - askedBefore);
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
            return queue.end(free, free);
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
        Thread owner = new Thread(() -> {
            try {
                Connection connection = Row.lock(guarded.getConnection(), "user1");
                synchronized (kept) {
                    kept.add(connection);
                }
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        owner.start();
        owner.join();
        return end(new Queue(guarded), 0);
    }

    /** From the decision, or where it needs no grace from the loss of the owner: what the waiters feel. */
    private Trial end(Queue queue, long lost) throws Exception {
        Long at = decided.poll(60, TimeUnit.SECONDS);
        if (at == null) {
            throw new IllegalStateException("not healed: " + guarded.incidents());
        }
        return queue.end(lost == 0 ? at : lost, at);
    }
}
