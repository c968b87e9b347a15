package io.pgheal.innocent;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** An application that is well, in a database of its own: short transactions by an executor's threads, one after another. */
final class HealthyLoad implements AutoCloseable {
    static final String APPLICATION = "healthy";
    private static final int THREADS = 4;
    /** Who waits for whom, the same with tables, and the story of each of the others that stands in the way. */
    static final int STATEMENTS_OF_A_QUESTION = 2 + THREADS - 1;

    private static final Duration FIRST_ASKED = HealingConfig.defaults().lockWaitThreshold();
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final TestDatabase database;
    private final HikariDataSource pool;
    final SelfHealingDataSource guarded;
    private final ExecutorService executor = Executors.newFixedThreadPool(THREADS);
    private final List<Future<?>> workers = new ArrayList<>();
    private final AtomicLong committed = new AtomicLong();
    private final AtomicLong questions = new AtomicLong();
    private volatile boolean stopped;

    HealthyLoad(PostgresServer server) throws SQLException {
        database = server.newDatabase();
        database.app()
                .run(
                        "CREATE TABLE counter (id int PRIMARY KEY, n bigint NOT NULL DEFAULT 0)",
                        "INSERT INTO counter SELECT generate_series(1, 100)");
        pool = database.app().pool(APPLICATION, THREADS, it -> it.setMinimumIdle(THREADS));
        guarded = SelfHealingDataSource.builder(pool).build();
    }

    String database() {
        return database.name();
    }

    void start() {
        for (int i = 0; i < THREADS; i++) {
            workers.add(executor.submit(() -> {
                while (!stopped) {
                    transfer();
                    LockSupport.parkNanos(5_000_000);
                }
                return null;
            }));
        }
    }

    private void transfer() throws SQLException {
        try (Connection connection = guarded.getConnection()) {
            connection.setAutoCommit(false);
            int first = ThreadLocalRandom.current().nextInt(1, 100);
            add(connection, first, -1);
            add(connection, first + 1, 1); // in the same order by all: no deadlock
            long began = System.nanoTime();
            connection.commit();
            took(began);
            committed.incrementAndGet();
        }
    }

    private void took(long began) {
        questions.addAndGet(questionsAbout(Duration.ofNanos(System.nanoTime() - began)));
    }

    /** A call is asked about at 0.5, 1, 2, 4 ... 30 s of its age, as pgheal sees it: never more than it is. */
    private static int questionsAbout(Duration call) {
        int questions = 0;
        Duration age = FIRST_ASKED;
        while (age.compareTo(call) <= 0) {
            questions++;
            age = age.plus(age.compareTo(LONGEST_PAUSE) < 0 ? age : LONGEST_PAUSE);
        }
        return questions;
    }

    private void add(Connection connection, int id, int n) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("UPDATE counter SET n = n + ? WHERE id = ?")) {
            update.setInt(1, n);
            update.setInt(2, id);
            long began = System.nanoTime();
            update.executeUpdate();
            took(began);
        }
    }

    /** How often pgheal may have asked about calls that this machine made slow; none of an application that is well. */
    long questions() {
        return questions.get();
    }

    long committed() {
        return committed.get();
    }

    /** Ends the work, and throws what any of its transactions threw. */
    void stop() throws Exception {
        stopped = true;
        for (Future<?> worker : workers) {
            worker.get();
        }
        if (database.app().number("SELECT sum(n) FROM counter") != 0) {
            throw new AssertionError("half a transaction was committed");
        }
    }

    @Override
    public void close() throws SQLException {
        stopped = true;
        executor.shutdownNow();
        guarded.close();
        pool.close();
        database.close();
    }
}
