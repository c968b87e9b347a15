package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnoses;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Healer;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.postgres.TransactionEnd;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.InterceptedDataSource;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.LeaseRevokedException;
import io.pgheal.track.LeaseRevokedInDoubtException;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Pool;
import io.pgheal.track.Snapshots;
import io.pgheal.track.Ticker;
import io.pgheal.track.Waiting;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Heals that race a commit on a real server: whatever is said of the transaction has to be true. After so many trials they go
 * on until either has won, and the one waits for the other ever longer: how close a race is depends on the machine.
 */
@Tag("thorough")
@Timeout(600)
class CommitRaceTest {
    private static final int TRIALS = 300;
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Decision SAY_OF_THE_USER =
            new Decision(Action.HEAL, "the user's own limit", false, false, Duration.ZERO);
    private static final Decision EVIDENCE = new Decision(Action.HEAL, "test", true, true, Duration.ZERO);

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    private final SplittableRandom random = new SplittableRandom(20250);
    private final ExecutorService owner = Executors.newFixedThreadPool(2);
    private final Ticker ticker = Ticker.system();
    private ControlChannel channel;
    private Healer healer;
    private HikariDataSource hikari;
    private LeaseRegistry registry;
    private InterceptedDataSource leases;
    private Connection observer;

    @BeforeEach
    void start() throws Exception {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS ledger, gate");
            statement.execute("CREATE TABLE ledger (id int PRIMARY KEY)");
        }
        channel = new ControlChannel("race", ControlSettings.of(SERVER.url(), SERVER.user(), SERVER::password));
        channel.start();
        await().until(() -> channel.server().isPresent());
        healer = new Healer(channel, ticker, Duration.ofMinutes(1));
        hikari = SERVER.app().pool("race", 2);
        Waiting waiting = new Waiting(ticker);
        registry = new LeaseRegistry("race", Pool.of(hikari, waiting), true, 0, ticker, () -> false);
        leases = new InterceptedDataSource("race", hikari, registry, waiting, nobodyListens -> {});
        observer = SERVER.connection();
    }

    @AfterEach
    void stop() throws Exception {
        owner.shutdownNow();
        channel.close();
        hikari.close();
        observer.close();
    }

    private static void insert(Connection connection, int id) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO ledger VALUES (?)")) {
            insert.setInt(1, id);
            insert.executeUpdate();
        }
    }

    private boolean isThere(int id) throws SQLException {
        try (PreparedStatement select = observer.prepareStatement("SELECT 1 FROM ledger WHERE id = ?")) {
            select.setInt(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    private Backend backend(int pid) throws SQLException {
        return channel.ask(ANSWER, control -> control.backend(pid)).orElseThrow();
    }

    private LeaseSnapshot onlyLease() {
        return registry.look(ticker.nanos(), null).stream()
                .filter(lease -> lease.transactionOpen())
                .findFirst()
                .orElseThrow();
    }

    private static Diagnosis of(LeaseSnapshot lease, Backend backend) {
        return Diagnoses.of(lease == null ? DiagnosisKind.ORPHANED_BACKEND : DiagnosisKind.STUCK_LOCK)
                .lease(lease)
                .backend(backend)
                .made();
    }

    /** Both go, the commit later than the heal by something between the two; returns what the commit threw. */
    private Throwable race(Connection connection, int fromMicros, int toMicros, Runnable heal) throws Exception {
        CountDownLatch go = new CountDownLatch(2);
        int later = random.nextInt(fromMicros, toMicros);
        CompletableFuture<Throwable> commit = CompletableFuture.supplyAsync(
                () -> {
                    go.countDown();
                    spin(go, later);
                    try {
                        connection.commit();
                        return null;
                    } catch (SQLException e) {
                        return e;
                    }
                },
                owner);
        go.countDown();
        spin(go, -later);
        heal.run();
        return commit.get();
    }

    private static void spin(CountDownLatch go, int micros) {
        try {
            go.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        long until = System.nanoTime() + Math.max(0, micros) * 1000L;
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
    }

    private void assertTold(int id, Outcome outcome, Throwable thrown) throws SQLException {
        boolean there = isThere(id);
        if (thrown == null) {
            assertThat(there).as("a commit that was reported as done").isTrue();
        }
        if (outcome.transaction() == TransactionEnd.ROLLED_BACK) {
            assertThat(there).as("told as rolled back").isFalse();
        } else if (outcome.transaction() == TransactionEnd.COMMITTED) {
            assertThat(there).as("told as committed").isTrue();
        }
        if (thrown instanceof LeaseRevokedException revoked
                && revoked.getSQLState().equals("40000")) {
            assertThat(there).as("its owner was told that it was rolled back").isFalse();
        }
    }

    @Test
    void aFenceOrACommitWinsNeverBoth() throws Exception {
        int revoked = 0;
        int committed = 0;
        for (int id = 0; id < TRIALS || Math.min(revoked, committed) == 0; id++) {
            int apart = 150 + 10 * Math.max(0, id - TRIALS);
            try (Connection connection = leases.getConnection()) {
                insert(connection, id);
                LeaseSnapshot lease = onlyLease();
                Diagnosis diagnosis =
                        of(lease, backend(lease.physical().backend().pid()));
                Outcome[] outcome = new Outcome[1];
                Throwable thrown = race(
                        connection,
                        -apart,
                        apart,
                        () -> outcome[0] = healer.carryOut(diagnosis, SAY_OF_THE_USER, "incident"));
                assertTold(id, outcome[0], thrown);
                if (outcome[0].kind() == OutcomeKind.WITHDRAWN) {
                    committed++;
                    assertThat(thrown).isNull();
                } else {
                    revoked++;
                    assertThat(outcome[0].transaction()).isEqualTo(TransactionEnd.ROLLED_BACK);
                    assertThat(thrown)
                            .isInstanceOfSatisfying(
                                    LeaseRevokedException.class,
                                    e -> assertThat(e.getSQLState()).isEqualTo("40000"));
                }
            }
        }
    }

    @Test
    void aTerminatedSessionsCommitIsToldAsItWas() throws Exception {
        Map<TransactionEnd, Integer> told = new EnumMap<>(TransactionEnd.class);
        int thrownButThere = 0;
        Set<TransactionEnd> both = EnumSet.of(TransactionEnd.ROLLED_BACK, TransactionEnd.COMMITTED);
        for (int id = 0; id < TRIALS || !told.keySet().containsAll(both); id++) {
            int later = 1500 + 10 * Math.max(0, id - TRIALS);
            try (Connection connection = SERVER.connection()) {
                insert(connection, id);
                Diagnosis diagnosis = of(null, backend(Sql.pid(connection)));
                Outcome[] outcome = new Outcome[1];
                Throwable thrown =
                        race(connection, 0, later, () -> outcome[0] = healer.carryOut(diagnosis, EVIDENCE, "incident"));
                assertTold(id, outcome[0], thrown);
                told.merge(outcome[0].transaction(), 1, Integer::sum);
                if (thrown != null && isThere(id)) {
                    thrownButThere++;
                }
            }
        }
        System.out.println("told " + told + ", commit() threw although it was done: " + thrownButThere);
        assertThat(told).as("its id was known").doesNotContainKey(TransactionEnd.UNKNOWN);
    }

    /** The text of such a statement does not tell that it commits; the identity of its transaction does. */
    @Test
    void whatAProcedureHasCommittedIsNotToldAsRolledBack() throws Exception {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE OR REPLACE PROCEDURE in_parts(first int, gate int, second int) LANGUAGE plpgsql AS"
                            + " $$ BEGIN INSERT INTO ledger VALUES (first); PERFORM pg_advisory_lock(gate); COMMIT;"
                            + " INSERT INTO ledger VALUES (second); PERFORM pg_sleep(60); END $$");
        }
        String sql = "CALL in_parts(%d, %d, %d)";
        try (Connection moved = SERVER.connection();
                Connection stuck = SERVER.connection();
                Connection gate = SERVER.connection();
                Statement lock = gate.createStatement()) {
            lock.execute("SELECT pg_advisory_lock(1), pg_advisory_lock(2)");
            Diagnosis judgedBeforeItsCommit = run(moved, sql.formatted(1, 1, 2));
            Diagnosis judgedAndWaiting = run(stuck, sql.formatted(3, 2, 4));
            lock.execute("SELECT pg_advisory_unlock(1)");
            await().until(() -> isThere(1));

            Outcome movedOn = healer.carryOut(judgedBeforeItsCommit, EVIDENCE, "incident");
            Outcome cancelled = healer.carryOut(judgedAndWaiting, EVIDENCE, "incident");

            assertThat(movedOn.transaction()).isEqualTo(TransactionEnd.COMMITTED);
            assertThat(backend(judgedBeforeItsCommit.backend().pid()).isActive())
                    .as("its next transaction is another one, and is not touched")
                    .isTrue();
            assertThat(cancelled.transaction()).as("%s", cancelled).isEqualTo(TransactionEnd.ROLLED_BACK);
            assertThat(isThere(3)).isFalse();
            SERVER.admin()
                    .run("SELECT pg_terminate_backend("
                            + judgedBeforeItsCommit.backend().pid() + ")");
        }
    }

    /** Runs a statement that waits, and judges it there. */
    private Diagnosis run(Connection connection, String sql) throws Exception {
        int pid = Sql.pid(connection);
        owner.execute(() -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            } catch (SQLException ended) {
                // as it is to be
            }
        });
        await().until(() -> backend(pid).isWaitingForLock());
        return of(null, backend(pid));
    }

    /** A deferred trigger that waits for a row holds the commit at the spot for as long as the test needs. */
    @Test
    void aCommitUnderWayIsLeftAloneAndToldAsUnknown() throws Exception {
        try (Connection admin = SERVER.connection();
                Statement statement = admin.createStatement()) {
            closeTheGate(statement);
            admin.setAutoCommit(false);
            statement.execute("SELECT * FROM gate FOR UPDATE");
            Connection connection = leases.getConnection();
            insert(connection, 1);
            int pid = onlyLease().physical().backend().pid();
            CompletableFuture<Throwable> commit = CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            connection.commit();
                            return null;
                        } catch (SQLException e) {
                            return e;
                        }
                    },
                    owner);
            await().until(() -> backend(pid).isWaitingForLock());

            Outcome outcome = new Healer(channel, ticker, Duration.ofMillis(300))
                    .carryOut(of(Snapshots.withAStaleCall(onlyLease()), backend(pid)), EVIDENCE, "incident");

            assertThat(outcome.kind()).isEqualTo(OutcomeKind.UNRESOLVED);
            assertThat(outcome.transaction()).isEqualTo(TransactionEnd.UNKNOWN);
            assertThat(commit.get()).isNotNull();
            assertThatThrownBy(connection::createStatement)
                    .isInstanceOfSatisfying(LeaseRevokedInDoubtException.class, e -> {
                        assertThat(e.getSQLState()).isEqualTo("08007");
                        assertThat(e.getMessage()).contains("may or may not");
                    });
            admin.rollback();
            await().until(() -> isThere(1)); // nothing was signalled
        }
    }

    /** The network ends the call, and nobody knows what became of the commit. The driver's state says that it is open. */
    @Test
    void aCommitThatTheNetworkCutIsNotToldAsRolledBack() throws Exception {
        try (Connection admin = SERVER.connection();
                Statement statement = admin.createStatement()) {
            closeTheGate(statement);
            admin.setAutoCommit(false);
            statement.execute("SELECT * FROM gate FOR UPDATE");
            Connection connection = leases.getConnection();
            insert(connection, 1);
            connection.setNetworkTimeout(owner, 500);
            assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
            LeaseSnapshot lease = onlyLease();
            assertThat(lease.callInProgress()).isFalse();

            Outcome outcome = healer.carryOut(of(lease, null), EVIDENCE, "incident");

            admin.rollback();
            await().until(() -> isThere(1));
            assertThat(outcome.transaction()).isEqualTo(TransactionEnd.UNKNOWN);
            assertThatThrownBy(connection::createStatement)
                    .isInstanceOfSatisfying(
                            LeaseRevokedInDoubtException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("08007"));
        }
    }

    private static void closeTheGate(Statement statement) throws SQLException {
        statement.execute("CREATE TABLE gate (id int)");
        statement.execute("INSERT INTO gate VALUES (1)");
        statement.execute("CREATE OR REPLACE FUNCTION pass_gate() RETURNS trigger LANGUAGE plpgsql AS"
                + " 'BEGIN PERFORM * FROM gate FOR UPDATE; RETURN NULL; END'");
        statement.execute("CREATE CONSTRAINT TRIGGER pass_gate AFTER INSERT ON ledger INITIALLY DEFERRED"
                + " FOR EACH ROW EXECUTE FUNCTION pass_gate()");
    }
}
