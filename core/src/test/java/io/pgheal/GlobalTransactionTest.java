package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.detect.EvidenceKind;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.innocent.GlobalPool;
import io.pgheal.innocent.GlobalPool.Resource;
import io.pgheal.report.Incident;
import io.pgheal.testserver.Garbage;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A global transaction (JTA) is its manager's to end: it lives on after {@code close()}, and needs no connection object. */
class GlobalTransactionTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final String UPDATE = "UPDATE booking SET seats = seats - 1 WHERE flight = 'LH400'";

    private final TransactionManager manager = GlobalPool.manager();
    private final SideBySide beside = new SideBySide();
    private final Looks looks = new Looks();
    private GlobalPool pool;
    private SelfHealingDataSource guarded;

    private void open(Resource resource, UnaryOperator<HealingConfig.Builder> config) throws SQLException {
        SERVER.app()
                .run(
                        "DROP TABLE IF EXISTS booking",
                        "CREATE TABLE booking (flight text PRIMARY KEY, seats int NOT NULL)",
                        "INSERT INTO booking VALUES ('LH400', 10)");
        pool = new GlobalPool(SERVER, resource, 4);
        guarded = pool.guarded()
                .ticker(looks)
                .config(config.apply(HealingConfig.builder()
                                .abandonedGrace(Duration.ofMillis(500))
                                .abandonedPatience(Duration.ofMillis(500))
                                .diagnosisDeadline(Duration.ofSeconds(5))
                                .escalationInterval(Duration.ofMinutes(1))
                                .proofLongestStop(Duration.ofMinutes(1)))
                        .build())
                .build();
        await().until(() -> guarded.healer().connected());
        guarded.getConnection().close(); // within a transaction of XA nobody could be asked who serves it
    }

    /** One was seen to the end: that this pool takes part in such is known. */
    private void openAndLearn(Resource resource, UnaryOperator<HealingConfig.Builder> config) throws Exception {
        open(resource, config);
        commit(bookAndClose());
        looks.awaitOne();
    }

    private void openAndLearn(Resource resource) throws Exception {
        openAndLearn(resource, config -> config);
    }

    @AfterEach
    void close() throws Exception {
        if (guarded != null) {
            guarded.close();
            pool.close();
        }
        beside.close();
    }

    /** As the code of an application does it: the connection is closed long before the transaction ends. */
    private Transaction bookAndClose() throws Exception {
        manager.begin();
        try (Connection connection = guarded.getConnection()) {
            Sql.run(connection, UPDATE);
        }
        return manager.suspend();
    }

    private Incident awaitIncident(DiagnosisKind kind, OutcomeKind outcome) {
        return await().until(
                        () -> guarded.incidents().stream()
                                .filter(incident -> incident.diagnosis() == kind && incident.outcome() == outcome)
                                .findFirst()
                                .orElse(null),
                        Objects::nonNull);
    }

    private void commit(Transaction transaction) throws Exception {
        manager.resume(transaction);
        manager.commit();
    }

    private int seats() throws SQLException {
        return (int) SERVER.app().number("SELECT seats FROM booking");
    }

    private CompletableFuture<Void> outside() {
        CompletableFuture<Void> waiter =
                beside.start("outside", () -> SERVER.app().run(UPDATE));
        await().until(() -> SERVER.app().sessions("wait_event_type = 'Lock' AND query LIKE 'UPDATE booking%'") == 1);
        return waiter;
    }

    private CompletableFuture<Void> ours() {
        return beside.start("ours", () -> {
            try (Connection connection = guarded.getConnection()) {
                Sql.run(connection, UPDATE);
            }
        });
    }

    private void awaitToldWithItsWaiter() {
        await().until(() -> awaitIncident(DiagnosisKind.OPEN_AFTER_CLOSE, OutcomeKind.REPORTED)
                        .waiters()
                        .size()
                == 1);
    }

    private void assertOnlyReported() {
        assertThat(guarded.incidents()).allMatch(incident -> incident.outcome() == OutcomeKind.REPORTED);
    }

    @ParameterizedTest
    @EnumSource
    void oneThatNobodyEndsIsToldAndNeverTouched(Resource resource) throws Exception {
        openAndLearn(resource);
        Transaction forgotten = beside.start("worker", this::bookAndClose).get();
        await().until(() -> awaitIncident(DiagnosisKind.OPEN_AFTER_CLOSE, OutcomeKind.REPORTED)
                .tables()
                .contains("booking")); // and if the server was too busy at first
        Incident told = awaitIncident(DiagnosisKind.OPEN_AFTER_CLOSE, OutcomeKind.REPORTED);
        assertThat(guarded.leases()).as("closed").isEmpty();
        assertThat(guarded.healer().openTransactions()).isZero();
        assertThat(told.reason()).contains("was closed", "global", "never touched");
        assertThat(told.culprit().state()).isEqualTo("idle in transaction");
        assertThat(told.lease().lastStatements()).hasSize(1);
        assertThat(told.lease().borrowStack().get(0)).contains("bookAndClose");
        commit(forgotten);
        assertThat(seats()).isEqualTo(8);
        assertThat(guarded.incidents()).extracting(Incident::id).containsExactly(told.id());
    }

    /** Whose transaction it is, is known without any that was seen before. */
    @ParameterizedTest
    @EnumSource
    void whoWaitsForItIsTold(Resource resource) throws Exception {
        open(resource, config -> config);
        Transaction slow = bookAndClose();
        CompletableFuture<Void> waiter = ours();
        awaitToldWithItsWaiter();
        commit(slow);
        waiter.get();
        assertOnlyReported();
        assertThat(seats()).isEqualTo(8);
    }

    @ParameterizedTest
    @EnumSource
    void whoWaitsOnlyAfterItWasToldIsToldToo(Resource resource) throws Exception {
        openAndLearn(resource);
        Transaction slow = bookAndClose();
        String id = awaitIncident(DiagnosisKind.OPEN_AFTER_CLOSE, OutcomeKind.REPORTED)
                .id();
        CompletableFuture<Void> waiter = ours();
        awaitToldWithItsWaiter();
        commit(slow);
        waiter.get();
        assertThat(guarded.incidents()).extracting(Incident::id).containsExactly(id);
    }

    /** Its manager commits it all the same: that nothing refers to the connection object any more proves nothing. */
    @ParameterizedTest
    @EnumSource
    void aConnectionThatIsDroppedWithinOneIsNoProof(Resource resource) throws Exception {
        openAndLearn(resource);
        Transaction dropped = beside.start("dropper", () -> {
                    manager.begin();
                    Sql.run(guarded.getConnection(), UPDATE);
                    return manager.suspend();
                })
                .get();
        CompletableFuture<Void> waiter = outside();
        Garbage.collectUntil(() -> guarded.incidents().stream()
                .anyMatch(incident ->
                        incident.evidence().stream().anyMatch(each -> each.kind() == EvidenceKind.HANDLE_UNREACHABLE)));
        commit(dropped);
        waiter.get();
        assertThat(seats()).isEqualTo(7);
        await().until(() -> guarded.leases().isEmpty());
        assertOnlyReported();
        assertThat(pool.destroyed())
                .as("connections that were ended: its pool has it back")
                .isZero();
    }

    /** It is not the application that ends it: its pool has the connection back, although nobody closed it. */
    @ParameterizedTest
    @EnumSource
    void aConnectionThatIsDroppedAndCommittedIsNotEnded(Resource resource) throws Exception {
        openAndLearn(resource);
        for (int i = 0; i < 20; i++) {
            manager.begin();
            Sql.run(guarded.getConnection(), UPDATE);
            manager.commit();
        }
        Garbage.collectUntil(() -> guarded.leases().isEmpty());
        assertThat(guarded.incidents()).isEmpty();
        assertThat(seats()).isEqualTo(-11);
        assertThat(pool.destroyed()).isZero();
    }

    /** Of a lease that nobody closed, and whose connection its pool has lent again. */
    @ParameterizedTest
    @EnumSource
    void theNextBorrowerOfADroppedOneIsUnderTheUsersLimit(Resource resource) throws Exception {
        openAndLearn(resource, config -> config.idleBlockerTimeout(Duration.ofMillis(300)));
        beside.start("dropper", () -> {
                    manager.begin();
                    Sql.run(guarded.getConnection(), UPDATE);
                    manager.commit();
                })
                .get();
        try (Connection next = guarded.getConnection()) {
            next.setAutoCommit(false);
            Sql.run(next, UPDATE);
            Garbage.collectUntil(() -> guarded.leases().size() == 1);
            ours().get();
            awaitIncident(DiagnosisKind.STUCK_LOCK, OutcomeKind.HEALED);
        }
    }

    /** One physical connection is lent twice within one global transaction; the inner lease speaks for nobody any more. */
    @ParameterizedTest
    @EnumSource
    void anOuterLeaseIsUnderTheUsersLimitThoughAnInnerOneWasClosed(Resource resource) throws Exception {
        open(resource, config -> config.idleBlockerTimeout(Duration.ofMillis(300)));
        manager.begin();
        Connection outer = guarded.getConnection();
        Sql.run(outer, UPDATE);
        guarded.getConnection().close();
        Transaction slow = manager.suspend();
        ours().get();
        awaitIncident(DiagnosisKind.STUCK_LOCK, OutcomeKind.HEALED);
        manager.resume(slow);
        assertThatThrownBy(manager::commit).isNotNull(); // what it had done is lost
        outer.close();
    }

    /** In the same pool, whose connections serve both. */
    @ParameterizedTest
    @EnumSource
    void aTransactionOfTheApplicationsOwnIsProvenAsEver(Resource resource) throws Exception {
        openAndLearn(resource);
        beside.start("leaver", () -> {
                    Connection connection = guarded.getConnection();
                    connection.setAutoCommit(false);
                    Sql.run(connection, UPDATE);
                })
                .get();
        outside().get();
        assertThat(awaitIncident(DiagnosisKind.ABANDONED_TRANSACTION, OutcomeKind.HEALED)
                        .evidence()
                        .get(0)
                        .kind())
                .isEqualTo(EvidenceKind.HANDLE_UNREACHABLE);
        assertThat(seats()).isEqualTo(8);
    }
}
