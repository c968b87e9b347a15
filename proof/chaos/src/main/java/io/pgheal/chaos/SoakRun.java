package io.pgheal.chaos;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.chaos.LeakKind.Proof;
import io.pgheal.testserver.FaultProxy;
import io.pgheal.testserver.PostgresServer;
import java.io.PrintStream;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One soak: sets the bank up, lets everybody loose, lets it settle, and holds what was told against what is there. */
final class SoakRun {
    static final String APPLICATION = "soak";

    private static final int SLOTS = 28;
    private static final int TELLERS = 10;
    private static final int SLOW = 3;
    private static final int AT_DESKS = 2;
    private static final int LEAKED_SLOTS = 10;
    private static final Duration SETTLING = Duration.ofSeconds(150);

    /** Beside the promised time, for the looks in between; in bad weather also for what it leaves behind. */
    private static final Duration SLACK = Duration.ofSeconds(12);

    private static final Duration SLACK_IN_CALM = Duration.ofSeconds(3);

    /** Until a session whose client has gone is seen to have ended. */
    private static final Duration RECONNECTING = Duration.ofSeconds(10);

    private static final Duration PROGRESS = Duration.ofSeconds(5);

    private final SoakOptions options;
    private final PrintStream out;
    private final Disturbances disturbances = new Disturbances();
    private final Times times = new Times();
    private final Tally tally;
    private final Threads threads;
    private final Remains remains;

    SoakRun(SoakOptions options, PrintStream out) throws java.io.IOException {
        this.options = options;
        this.out = out;
        Files.createDirectories(options.reports());
        this.tally = new Tally(options.reports());
        this.threads = new Threads(tally);
        this.remains = new Remains(tally);
    }

    Report run() throws Exception {
        try (PostgresServer server = PostgresServer.dedicated().config("synchronous_commit", "on")) {
            server.open("soak");
            try (Connection connection = server.connection()) {
                Bank.found(connection);
            }
            try (FaultProxy proxy = FaultProxy.to(server.url())) {
                return run(server, proxy);
            }
        } finally {
            tally.close();
        }
    }

    private Report run(PostgresServer server, FaultProxy proxy) throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(proxy.url(server.url()));
        config.setUsername(server.user());
        config.setPassword(server.password());
        config.setMaximumPoolSize(SLOTS);
        config.setConnectionTimeout(10_000);
        config.setPoolName(APPLICATION);
        config.addDataSourceProperty("ApplicationName", APPLICATION);
        Settings settings = Settings.draw(options, config);
        out.println("seed " + options.seed() + ", " + options.duration().toSeconds() + " s, settings varied: "
                + String.join("; ", settings.varied()));
        AtomicReference<@Nullable SelfHealingDataSource> guarded = new AtomicReference<>();
        LeakWatch watch = new LeakWatch(
                server,
                disturbances,
                tally,
                times,
                session -> picture(guarded.get(), session.pid()),
                options.weather() ? SLACK : SLACK_IN_CALM);
        HealersSessions healersSessions = new HealersSessions(server, disturbances, tally, RECONNECTING);
        List<Thread> watching =
                List.of(threads.start("watch", watch::run), threads.start("watch-of-sessions", healersSessions::run));
        String healer;
        try (HikariDataSource pool = new HikariDataSource(config)) {
            Ground ground;
            try (SelfHealingDataSource healing = SelfHealingDataSource.builder(pool)
                    .config(settings.healing())
                    .listener(new Hearing(tally, times))
                    .listener(new TroublesomeListener(Dice.of(options.seed(), "listener"), tally))
                    .build()) {
                guarded.set(healing);
                ground = new Ground(options, pool, healing, disturbances, tally, threads, watch);
                Threads.await(() -> healing.healer().connected(), Duration.ofSeconds(20));
                work(ground, server, proxy);
                if (!isOver()) {
                    settle(ground, server);
                }
                healer = remains.healer(healing, Duration.ofSeconds(40));
            }
            watch.stop();
            healersSessions.stop();
            for (Thread each : watching) {
                each.join();
            }
            if (!isOver()) {
                remains.healersThreads("pgheal-", Duration.ofSeconds(30));
                remains.healersSessions(server, Duration.ofSeconds(30));
            }
            hold(ground.outcomes, server);
            return Report.of(options, settings, tally, times, healer);
        } finally {
            watch.stop();
            healersSessions.stop();
        }
    }

    private void work(Ground ground, PostgresServer server, FaultProxy proxy) {
        Semaphore slots = new Semaphore(LEAKED_SLOTS);
        for (int i = 0; i < TELLERS; i++) {
            String name = "teller-" + i;
            Teller teller = new Teller(ground, name, options.rate() * 60 / TELLERS);
            if (i % 3 == 0) {
                threads.startVirtual(name, teller::run);
            } else {
                threads.start(name, teller::run);
            }
        }
        for (int i = 0; i < SLOW; i++) {
            threads.start("slow-" + i, new SlowButAlive(ground, i, SLOW)::run);
        }
        for (int i = 0; i < AT_DESKS; i++) {
            threads.start("users-say-" + i, new UsersSay(ground, i, AT_DESKS)::run);
        }
        threads.start("exhaustion", new Exhaustion(ground)::run);
        RetainedWatch told = new RetainedWatch(
                ground.guarded::incidents,
                session -> LeakWatch.isSeenGone(server, session),
                disturbances,
                tally,
                ground.watch::lateness,
                options.weather() ? SLACK : SLACK_IN_CALM);
        threads.start("kept-by-mistake", new KeptByMistake(ground, told, slots)::run);
        // All of them together have ten heals a minute for each slot.
        threads.start(
                "dropped-leaks",
                new Leaks(ground, "dropped-leaks", kinds(Proof.COLLECTION), Duration.ofMillis(1_200), slots)::run);
        threads.start(
                "certain-leaks",
                new Leaks(ground, "certain-leaks", kinds(Proof.CERTAIN), Duration.ofMillis(1_500), slots)::run);
        threads.start(
                "overflows",
                new Leaks(ground, "overflows", List.of(LeakKind.OVERFLOW), Duration.ofSeconds(5), slots)::run);
        threads.start("collector", () -> collect(ground));
        if (options.weather()) {
            threads.start("weather", new Weather(ground, server, proxy)::run);
        }
        long end = System.nanoTime() + options.duration().toNanos();
        while (System.nanoTime() - end < 0 && !isOver()) {
            Threads.await(this::isOver, PROGRESS);
            out.println(progress(ground));
        }
        ground.close();
    }

    private boolean isOver() {
        return options.untilViolated() && !tally.isClean();
    }

    private static List<LeakKind> kinds(Proof proof) {
        return java.util.Arrays.stream(LeakKind.values())
                .filter(kind -> kind.proof == proof && kind != LeakKind.OVERFLOW && kind != LeakKind.KEPT_THEN_DROPPED)
                .toList();
    }

    /** Until the bank has closed and every leak is gone: what nobody refers to must be seen to be so. */
    private void collect(Ground ground) {
        Dice dice = ground.dice("collector");
        while (!ground.isClosing()
                || ground.watch.open() > 0
                || ground.guarded.healer().leases() > 0) {
            Threads.pause(dice.millis(2_000, 5_000));
            System.gc();
        }
    }

    private String progress(Ground ground) {
        long transactions = transactions();
        long seconds = Math.max(1, tally.elapsed().toSeconds());
        long leaks =
                tally.all("leak.").values().stream().mapToLong(each -> each).sum();
        return "%02d:%02d:%02d  tx %,d (%d/s)  leaks %d, open %d  healed %d  innocents %d  refuted %d  wrong %d  %s%s"
                .formatted(
                        seconds / 3600,
                        seconds / 60 % 60,
                        seconds % 60,
                        transactions,
                        transactions / seconds,
                        leaks,
                        ground.watch.open(),
                        tally.of("incident.HEALED"),
                        tally.of(Invariant.INNOCENT_TOUCHED),
                        tally.of(Invariant.JUDGEMENT_REFUTED),
                        tally.of(Invariant.WRONG_ANSWER),
                        tally.isClean() ? "" : "VIOLATED  ",
                        tally.last());
    }

    private long transactions() {
        return tally.of("questions")
                + tally.all("transfers.").values().stream()
                        .mapToLong(each -> each)
                        .sum();
    }

    private static String picture(@Nullable SelfHealingDataSource guarded, int pid) {
        return guarded == null
                ? ""
                : guarded.healer() + " moving: " + guarded.movingWork() + " "
                        + guarded.leases().stream()
                                .filter(lease -> lease.backendPid() == pid)
                                .toList();
    }

    // ---- the end

    private void settle(Ground ground, PostgresServer server) {
        out.println("the bank is closed; settling");
        tally.note("closed; settling");
        Threads.await(
                () -> threads.alive().stream()
                                .allMatch(thread -> thread.getName().contains("soak-watch"))
                        && ground.watch.open() == 0
                        && ground.guarded.healer().leases() == 0,
                SETTLING);
        remains.threads(threads.alive().stream()
                .filter(thread -> !thread.getName().contains("soak-watch"))
                .toList());
        ground.watch.finish();
        remains.leases(ground.guarded);
        remains.connections(ground.pool, server, Duration.ofSeconds(60));
    }

    /** The ledger and the accounts against what the application was told. */
    private void hold(Outcomes outcomes, PostgresServer server) throws SQLException {
        try (Connection connection = server.adminConnection()) {
            new Audit(connection, outcomes, tally).run();
        }
    }
}
