package io.pgheal.innocent;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
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
    /** Shorter than what makes pgheal ask about a statement. */
    private static final long SLOW_NANOS = 400_000_000;

    private final TestDatabase database;
    private final HikariDataSource pool;
    final SelfHealingDataSource guarded;
    private final ExecutorService executor = Executors.newFixedThreadPool(THREADS);
    private final List<Future<?>> workers = new ArrayList<>();
    private final AtomicLong committed = new AtomicLong();
    private final AtomicLong slow = new AtomicLong();
    private volatile boolean stopped;

    HealthyLoad(PostgresServer server) throws SQLException {
        database = server.newDatabase();
        try (Connection connection = database.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE counter (id int PRIMARY KEY, n bigint NOT NULL DEFAULT 0)");
            statement.execute("INSERT INTO counter SELECT generate_series(1, 100)");
        }
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(database.url());
        config.setUsername(server.user());
        config.setPassword(server.password());
        config.addDataSourceProperty("ApplicationName", APPLICATION);
        config.setMaximumPoolSize(THREADS);
        config.setPoolName(APPLICATION);
        pool = new HikariDataSource(config);
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
        long began = System.nanoTime();
        try (Connection connection = guarded.getConnection()) {
            connection.setAutoCommit(false);
            int first = ThreadLocalRandom.current().nextInt(1, 100);
            add(connection, first, -1);
            add(connection, first + 1, 1); // in the same order by all: no deadlock
            connection.commit();
            committed.incrementAndGet();
        }
        if (System.nanoTime() - began > SLOW_NANOS) {
            slow.incrementAndGet();
        }
    }

    private static void add(Connection connection, int id, int n) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("UPDATE counter SET n = n + ? WHERE id = ?")) {
            update.setInt(1, n);
            update.setInt(2, id);
            update.executeUpdate();
        }
    }

    /** Transactions that this machine made so slow that pgheal may well have asked about them. */
    long slow() {
        return slow.get();
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
        try (Connection connection = database.connection();
                Statement statement = connection.createStatement();
                ResultSet sum = statement.executeQuery("SELECT sum(n) FROM counter")) {
            sum.next();
            if (sum.getLong(1) != 0) {
                throw new AssertionError("half a transaction was committed");
            }
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
