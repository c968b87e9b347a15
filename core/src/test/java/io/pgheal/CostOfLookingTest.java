package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.innocent.FakeTime;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.ControlConnection;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.postgres.TransactionRef;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What pgheal asks of a server on which much waits and much is locked; counted in the server's own log. */
@Tag("thorough")
@Timeout(600) // a busy machine takes its time to open a thousand sessions
class CostOfLookingTest {
    private static final ServerLog LOG = new ServerLog();

    /** So many at once that look for deadlocks would stop the server for seconds. */
    @RegisterExtension
    static final PostgresServer SERVER = LOG.server()
            .config("max_connections", "1200")
            .config("max_locks_per_transaction", "256")
            .config("deadlock_timeout", "10min");

    private static final int WAITERS = 100;
    private static final int LOCKS = 100_000;
    private static final int SESSIONS = 1_000;
    private static final int LONG_QUEUE = 501;

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private HikariDataSource pool;
    private SelfHealingDataSource guarded;
    private String database;

    @BeforeEach
    void start() throws SQLException {
        pool = SERVER.app().pool("looking", WAITERS + 2, config -> {
            config.setMinimumIdle(WAITERS + 2);
            config.setConnectionTimeout(300_000); // for so many at once, on a busy machine
            config.setInitializationFailTimeout(60_000); // the server may still be closing a thousand sessions
        });
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS item (id int PRIMARY KEY, n int NOT NULL)");
            statement.execute("INSERT INTO item VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET n = 0");
            try (ResultSet row = statement.executeQuery("SELECT current_database()")) {
                row.next();
                database = row.getString(1);
            }
        }
    }

    private void guard(Ticker ticker) {
        guarded = SelfHealingDataSource.builder(pool)
                .config(HealingConfig.builder()
                        .abandonedPatience(Duration.ofMinutes(10)) // so long is only asked whether anybody waits
                        .build())
                .ticker(ticker)
                .build();
        await().until(() -> guarded.healer().connected());
    }

    @AfterEach
    void stop() {
        executor.shutdownNow();
        if (guarded != null) {
            guarded.close();
        }
        pool.close();
    }

    private static void increment(Connection connection) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("UPDATE item SET n = n + 1 WHERE id = 1")) {
            update.executeUpdate();
        }
    }

    private List<String> askedSince(int before) {
        List<String> all = LOG.byPgheal(database);
        return all.subList(before, all.size());
    }

    private static boolean readsLocks(String sql) {
        return sql.contains("pg_lock");
    }

    private static void letPass(Duration time) {
        long began = System.nanoTime();
        await().atMost(time.multipliedBy(3)).until(() -> System.nanoTime() - began >= time.toNanos());
    }

    /** All in one question, and ever more seldom: at 0.5, 1, 2, 4 and 8 s, in two steps each, and the story once. */
    @Test
    void aPileUpIsAskedAboutOnceForAllAndEverMoreSeldom() throws Exception {
        FakeTime time = new FakeTime(); // so that all of them have the same age, on any machine
        guard(time);
        await().atMost(Duration.ofMinutes(5)) // opened on demand, the last ones may never come
                .until(() -> pool.getHikariPoolMXBean().getTotalConnections() == WAITERS + 2);
        Connection holder = guarded.getConnection();
        holder.setAutoCommit(false);
        increment(holder);
        int before = LOG.byPgheal(database).size();
        List<Future<?>> waiters = new ArrayList<>();
        for (int i = 0; i < WAITERS; i++) {
            waiters.add(executor.submit(() -> {
                try (Connection connection = guarded.getConnection()) {
                    increment(connection);
                }
                return null;
            }));
        }
        await().atMost(Duration.ofMinutes(5)).until(() -> waitForLocks() == WAITERS);
        time.settle(); // whoever is seen first after the first step is of another age, and is asked about apart
        time.pass(Duration.ofMillis(8500), Duration.ofMillis(100));

        List<String> asked = askedSince(before);
        assertThat(asked.size()).isBetween(1, 29);
        assertThat(asked.stream().filter(CostOfLookingTest::readsLocks).count()).isLessThan(15);
        assertThat(guarded.incidents())
                .singleElement()
                .satisfies(incident -> assertThat(incident.outcome()).isEqualTo(OutcomeKind.REPORTED));

        holder.commit();
        holder.close();
        for (Future<?> waiter : waiters) {
            waiter.get();
        }
        try (Connection connection = guarded.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT n FROM item")) {
            row.next();
            assertThat(row.getInt(1)).isEqualTo(WAITERS + 1);
        }
    }

    /** However many wait, whom they wait for is among what is read. */
    @Test
    void aQueueThatIsLongerThanWhatIsReadHasItsRoot() throws Exception {
        List<Connection> queue = new ArrayList<>();
        try (Connection holder = SERVER.connection();
                ControlConnection control =
                        new ControlConnection(ControlSettings.of(SERVER.url(), SERVER.user(), SERVER::password))) {
            control.connect();
            holder.setAutoCommit(false);
            increment(holder);
            List<Integer> pids = new ArrayList<>();
            List<Future<?>> waiters = new ArrayList<>();
            for (int i = 0; i < LONG_QUEUE; i++) {
                Connection connection = SERVER.connection();
                queue.add(connection);
                pids.add(Sql.pid(connection));
                waiters.add(executor.submit(() -> {
                    increment(connection);
                    return null;
                }));
            }
            await().atMost(Duration.ofMinutes(5)).until(() -> waitForLocks() == LONG_QUEUE);

            BlockingTree tree = await().ignoreExceptionsInstanceOf(SQLException.class) // a busy machine may need longer
                    .until(() -> control.blockingTree(pids), Objects::nonNull);
            assertThat(tree.roots()).containsExactly(Sql.pid(holder));
            assertThat(tree.truncated()).isTrue();

            holder.rollback();
            for (Future<?> waiter : waiters) {
                waiter.get();
            }
        } finally {
            for (Connection each : queue) {
                each.close();
            }
        }
    }

    private static int waitForLocks() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")) {
            row.next();
            return row.getInt(1);
        }
    }

    /** Each time-out is a reason to ask at once; a stream of them is not a reason to ask all the time. */
    @Test
    void aStreamOfLockTimeoutsIsNotAskedAboutAllTheTime() throws Exception {
        guard(Ticker.system());
        try (ManySessions crowd = new ManySessions(SERVER, 1, LOCKS)) {
            assertThat(crowd).isNotNull();
            Connection holder = guarded.getConnection();
            holder.setAutoCommit(false);
            increment(holder);
            int before = LOG.byPgheal(database).size();
            CountDownLatch over = new CountDownLatch(1);
            List<Future<?>> waiters = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                waiters.add(executor.submit(() -> {
                    while (over.getCount() > 0) {
                        try (Connection connection = guarded.getConnection();
                                Statement statement = connection.createStatement()) {
                            statement.execute("SET lock_timeout = '700ms'");
                            increment(connection);
                        } catch (SQLException e) {
                            assertThat(e.getSQLState()).isEqualTo("55P03");
                        }
                    }
                    return null;
                }));
            }
            long began = System.nanoTime();
            letPass(Duration.ofSeconds(8));
            double seconds = (System.nanoTime() - began) / 1e9;
            List<String> asked = askedSince(before);
            over.countDown();
            holder.commit();
            holder.close();
            for (Future<?> waiter : waiters) {
                waiter.get();
            }
            assertThat(asked).anyMatch(CostOfLookingTest::readsLocks);
            assertThat((double)
                            asked.stream().filter(CostOfLookingTest::readsLocks).count())
                    .as("of %d statements in %.1f s, those that read pg_locks; and the story", asked.size(), seconds)
                    .isLessThanOrEqualTo(4 * seconds + 2);
        }
    }

    /** Several times a second, as long as there is a suspect: that must stay cheap, however much is locked. */
    @Test
    void whileOnlySuspectsAreLookedAtLocksAreNotRead() throws Exception {
        guard(Ticker.system());
        try (ManySessions crowd = new ManySessions(SERVER, SESSIONS, LOCKS)) {
            assertThat(crowd).isNotNull();
            int before = LOG.byPgheal(database).size();
            Connection kept = GuardedPool.byAThreadThatEnded(() -> {
                Connection connection = guarded.getConnection();
                connection.setAutoCommit(false);
                increment(connection);
                return connection;
            });
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> askedSince(before).size() >= 10);
            assertThat(askedSince(before).subList(0, 10))
                    .allMatch(sql -> sql.contains("pg_stat_activity"))
                    .noneMatch(CostOfLookingTest::readsLocks);
            kept.commit();
            kept.close();
        }
    }

    /** By what they read, not by the time that it takes, which is the machine's: {@link LookingCostTable} measures that. */
    @Test
    void theLooksThatAreMadeOftenDoNotGrowWithTheLocks() throws Exception {
        try (Connection holder = SERVER.connection();
                ControlConnection control =
                        new ControlConnection(ControlSettings.of(SERVER.url(), SERVER.user(), SERVER::password))) {
            control.connect();
            holder.setAutoCommit(false);
            increment(holder);
            TransactionRef judged =
                    control.backend(Sql.pid(holder)).orElseThrow().judged().orElseThrow();
            List<Integer> pids = List.of(judged.backend().pid());

            int before = LOG.byPgheal(database).size();
            control.inTheWay(pids);
            control.blockingTree(pids);
            control.transactionGone(judged, pids);
            assertThat(askedSince(before)).hasSizeGreaterThanOrEqualTo(3).noneMatch(CostOfLookingTest::readsLocks);

            before = LOG.byPgheal(database).size();
            control.fullBlockingTree(pids);
            assertThat(askedSince(before)).as("what tells the tables does").anyMatch(CostOfLookingTest::readsLocks);
            before = LOG.byPgheal(database).size();
            control.story(judged.backend());
            assertThat(askedSince(before)).anyMatch(CostOfLookingTest::readsLocks);
        }
    }
}
