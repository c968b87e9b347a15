package io.pgheal.innocent;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.Garbage;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Many innocents and many leaks at once, in one pool that is exhausted, under the defaults but for the budgets, which so many
 * leaks would use up: every leak is healed, and no innocent notices.
 */
@Tag("thorough")
class MixedLoadTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final int WORKERS = 12;
    private static final int ROUNDS = 2;
    private static final int EACH_KIND = 3;
    private static final int SLOTS = 90;
    /** So many that somebody waits for a connection all the time. */
    private static final int CUSTOMERS = 50;

    private final List<ExecutorService> executors = new ArrayList<>();
    private final List<Stage> stages = new ArrayList<>();
    private final Set<String> committed = ConcurrentHashMap.newKeySet();
    private HikariDataSource pool;
    private SelfHealingDataSource guarded;
    private volatile boolean stopped;

    @BeforeEach
    void start() throws Exception {
        Stage.createTables(SERVER);
        pool = SERVER.app().pool("mixed", SLOTS);
        guarded = SelfHealingDataSource.builder(pool)
                .config(HealingConfig.builder()
                        .signalsPerMinute(10_000)
                        .certainPerMinute(10_000)
                        .proofLongestStop(Duration.ofMinutes(1))
                        .escalationInterval(
                                Duration.ofMinutes(1)) // no heal is told in vain because the machine is slow
                        .build())
                .build();
        await().until(() -> guarded.healer().connected());
        for (int i = 0; i < WORKERS; i++) {
            insert("worker-" + i);
            executors.add(Executors.newFixedThreadPool(1));
        }
    }

    @AfterEach
    void stop() {
        stopped = true;
        stages.forEach(Stage::close);
        executors.forEach(ExecutorService::shutdownNow);
        guarded.close();
        pool.close();
    }

    @Test
    void everyLeakIsHealedAndNoInnocentNotices() throws Exception {
        List<CompletableFuture<Void>> innocents = new ArrayList<>();
        for (int i = 0; i < WORKERS; i++) {
            int worker = i;
            innocents.add(Stage.inThread("worker-" + i, () -> work(worker)));
        }
        for (Innocent innocent : Innocent.ofAnyPool().toList()) {
            stages.add(Stage.in(guarded, SERVER, innocent));
        }
        for (Stage stage : stages) {
            stage.awaitLockWaiters();
        }
        for (int i = 0; i < CUSTOMERS; i++) {
            innocents.add(Stage.inThread("customer-" + i, this::borrowNowAndThen));
        }
        await().until(this::isSomebodyWaitingForASlot);
        Set<Integer> leaked = new HashSet<>();
        List<CompletableFuture<Void>> waiters = new ArrayList<>();
        try (Leaks leaks = new Leaks(guarded)) {
            for (int round = 0; round < ROUNDS; round++) {
                for (Leaks.Kind kind : Leaks.Kind.values()) {
                    for (int i = 0; i < EACH_KIND; i++) {
                        String row = kind.name().toLowerCase(java.util.Locale.ROOT) + "-" + round + "-" + i;
                        insert(row);
                        leaked.add(leaks.leak(kind, row));
                        waiters.add(Stage.inThread("waiter-" + row, () -> awaitRow(row)));
                    }
                }
                AtomicBoolean exhausted = new AtomicBoolean();
                Garbage.collectUntil(() -> {
                    exhausted.compareAndSet(false, isSomebodyWaitingForASlot());
                    return exhausted.get() && waiters.stream().allMatch(CompletableFuture::isDone);
                });
            }
            for (CompletableFuture<Void> waiter : waiters) {
                waiter.get(1, SECONDS);
            }
            assertThat(leaked).hasSize(ROUNDS * EACH_KIND * Leaks.Kind.values().length);
            await().untilAsserted(() -> assertThat(sessions()).doesNotContainAnyElementsOf(leaked));

            for (Stage stage : stages) {
                stage.goOn();
            }
            stopped = true;
            for (CompletableFuture<Void> innocent : innocents) {
                innocent.get();
            }
        }
        assertThat(committed).hasSizeGreaterThan(WORKERS);
        assertThat(written()).as("transactions in the ledger, each whole").isEqualTo(committed);
        assertThat(guarded.mode()).isEqualTo(HealingMode.HEAL);
        assertThat(guarded.incidents())
                .filteredOn(incident -> incident.outcome() == OutcomeKind.HEALED)
                .allMatch(incident -> leaked.contains(incident.culprit().pid()));
        assertThat(guarded.incidents())
                .extracting(incident -> incident.outcome())
                .doesNotContain(OutcomeKind.REFUTED, OutcomeKind.UNRESOLVED, OutcomeKind.WOULD_HEAL);
        assertAllSlotsBack();
    }

    // ---- innocents

    private void work(int worker) throws Exception {
        Random random = new Random(worker);
        for (int number = 0; !stopped; number++) {
            String transaction = worker + "-" + number;
            // Two workers each want the same row, and wait for each other.
            String row = "worker-" + worker / 2;
            long pause = random.nextInt(4) == 0 ? 3_000_000_000L : random.nextInt(300) * 1_000_000L;
            switch (worker % 3) {
                case 0 -> transact(transaction, row, pause);
                case 1 ->
                    executors
                            .get(worker)
                            .submit(() -> {
                                transact(transaction, row, pause);
                                return null;
                            })
                            .get();
                default -> {
                    Connection connection = executors
                            .get(worker)
                            .submit(() -> begin(transaction, row))
                            .get();
                    write(connection, transaction);
                    LockSupport.parkNanos(pause);
                    end(connection, transaction);
                }
            }
        }
    }

    /** Without a transaction, and none the worse for it while others want its slot. */
    private void borrowNowAndThen() throws SQLException {
        while (!stopped) {
            try (Connection connection = guarded.getConnection()) {
                LockSupport.parkNanos(100_000_000);
                assertThat(connection.isClosed()).isFalse();
            }
        }
    }

    private boolean isSomebodyWaitingForASlot() {
        return pool.getHikariPoolMXBean().getThreadsAwaitingConnection() > 0;
    }

    private void transact(String transaction, String row, long pause) throws SQLException {
        Connection connection = begin(transaction, row);
        LockSupport.parkNanos(pause);
        write(connection, transaction);
        end(connection, transaction);
    }

    private Connection begin(String transaction, String row) throws SQLException {
        Connection connection = guarded.getConnection();
        connection.setAutoCommit(false);
        write(connection, transaction);
        lock(connection, row);
        return connection;
    }

    private void end(Connection connection, String transaction) throws SQLException {
        connection.commit();
        committed.add(transaction);
        connection.close();
    }

    private static void write(Connection connection, String transaction) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO ledger VALUES ('mixed', ?)")) {
            insert.setString(1, transaction);
            insert.executeUpdate();
        }
    }

    private static void lock(Connection connection, String row) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE account SET waited = waited + 1 WHERE who = ?")) {
            update.setString(1, row);
            assertThat(update.executeUpdate()).isOne();
        }
    }

    /** Transactions with both of their lines; one with another number of them fails. */
    private static Set<String> written() throws SQLException {
        Set<String> whole = new HashSet<>();
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT line, count(*) FROM ledger WHERE who = 'mixed' GROUP BY line")) {
            while (row.next()) {
                assertThat(row.getInt(2)).as(row.getString(1)).isEqualTo(2);
                whole.add(row.getString(1));
            }
        }
        return whole;
    }

    // ---- the server, from outside

    private static void insert(String row) throws SQLException {
        try (Connection connection = SERVER.connection();
                PreparedStatement insert = connection.prepareStatement("INSERT INTO account (who) VALUES (?)")) {
            insert.setString(1, row);
            insert.executeUpdate();
        }
    }

    private static void awaitRow(String row) throws SQLException {
        try (Connection connection = DriverManager.getConnection(SERVER.url(), SERVER.user(), SERVER.password())) {
            lock(connection, row);
        }
    }

    private static Set<Integer> sessions() throws SQLException {
        Set<Integer> pids = new HashSet<>();
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pid FROM pg_stat_activity")) {
            while (row.next()) {
                pids.add(row.getInt(1));
            }
        }
        return pids;
    }

    /** The lease of an orphaned backend has no transaction any more that anybody waits for: its slot comes by patience. */
    private void assertAllSlotsBack() throws SQLException {
        await().atMost(Duration.ofSeconds(60)).until(() -> guarded.healer().leases() == 0);
        List<Connection> all = new ArrayList<>();
        try {
            for (int i = 0; i < SLOTS; i++) {
                all.add(guarded.getConnection());
            }
        } finally {
            for (Connection each : all) {
                each.close();
            }
        }
    }
}
