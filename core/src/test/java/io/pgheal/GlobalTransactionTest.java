package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.arjuna.ats.arjuna.common.CoordinatorEnvironmentBean;
import com.arjuna.ats.arjuna.common.CoreEnvironmentBean;
import com.arjuna.ats.arjuna.common.ObjectStoreEnvironmentBean;
import com.arjuna.ats.internal.arjuna.objectstore.VolatileStore;
import com.arjuna.ats.internal.jta.transaction.arjunacore.TransactionManagerImple;
import com.arjuna.ats.internal.jta.transaction.arjunacore.TransactionSynchronizationRegistryImple;
import com.arjuna.common.internal.util.propertyservice.BeanPopulator;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.agroal.narayana.NarayanaTransactionIntegration;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.Garbage;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.track.Ticker;
import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.Driver;
import org.postgresql.xa.PGXADataSource;

/** A global transaction (JTA) is its manager's to end: it lives on after {@code close()}, and needs no connection object. */
class GlobalTransactionTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final String UPDATE = "UPDATE booking SET seats = seats - 1 WHERE flight = 'LH400'";

    enum Resource {
        LOCAL(Driver.class),
        XA(PGXADataSource.class);

        private final Class<?> provider;

        Resource(Class<?> provider) {
            this.provider = provider;
        }
    }

    private final TransactionManager manager = new TransactionManagerImple();
    private final SideBySide beside = new SideBySide();
    private AgroalDataSource pool;
    private SelfHealingDataSource guarded;

    @BeforeAll
    static void keepNothingOnDisk() throws Exception {
        BeanPopulator.getDefaultInstance(CoreEnvironmentBean.class).setNodeIdentifier("pgheal");
        BeanPopulator.getDefaultInstance(CoordinatorEnvironmentBean.class).setDefaultTimeout(0);
        for (String store : new String[] {"default", "stateStore", "communicationStore"}) {
            BeanPopulator.getNamedInstance(ObjectStoreEnvironmentBean.class, store)
                    .setObjectStoreType(VolatileStore.class.getName());
        }
    }

    private void open(Resource resource) throws SQLException {
        SERVER.app()
                .run(
                        "DROP TABLE IF EXISTS booking",
                        "CREATE TABLE booking (flight text PRIMARY KEY, seats int NOT NULL)",
                        "INSERT INTO booking VALUES ('LH400', 10)");
        pool = AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                .metricsEnabled()
                .connectionPoolConfiguration(it -> it.maxSize(4)
                        .transactionIntegration(new NarayanaTransactionIntegration(
                                manager, new TransactionSynchronizationRegistryImple()))
                        .connectionFactoryConfiguration(factory -> factory.connectionProviderClass(resource.provider)
                                .jdbcUrl(SERVER.app().url())
                                .principal(new NamePrincipal(SERVER.app().user()))
                                .credential(new SimplePassword(SERVER.app().password())))));
        guarded = SelfHealingDataSource.builder(pool)
                .ticker(Ticker.system()) // with a witness that nobody has asked before
                .controlDataSource(SERVER.app().dataSource())
                .config(HealingConfig.builder()
                        .abandonedGrace(Duration.ofMillis(500))
                        .abandonedPatience(Duration.ofMillis(500))
                        .diagnosisDeadline(Duration.ofSeconds(5))
                        .escalationInterval(Duration.ofMinutes(1))
                        .proofLongestStop(Duration.ofMinutes(1))
                        .build())
                .build();
        await().until(() -> guarded.healer().connected());
        guarded.getConnection().close(); // within a transaction of XA nobody could be asked who serves it
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

    private Incident awaitIncident(DiagnosisKind kind) {
        return await().until(
                        () -> guarded.incidents().stream()
                                .filter(incident -> incident.diagnosis() == kind)
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

    @ParameterizedTest
    @EnumSource
    void oneThatNobodyEndsIsToldAndNeverTouched(Resource resource) throws Exception {
        open(resource);
        Transaction forgotten = beside.start("worker", this::bookAndClose).get();
        Incident told = awaitIncident(DiagnosisKind.OPEN_AFTER_CLOSE);
        assertThat(guarded.leases()).as("closed").isEmpty();
        assertThat(told.outcome()).isEqualTo(OutcomeKind.REPORTED);
        assertThat(told.reason()).contains("was closed", "global", "never touched");
        assertThat(told.tables()).containsExactly("booking");
        assertThat(told.culprit().state()).isEqualTo("idle in transaction");
        assertThat(told.lease().lastStatements()).hasSize(1);
        assertThat(told.lease().borrowStack().get(0)).contains("bookAndClose");
        commit(forgotten);
        assertThat(seats()).isEqualTo(9);
        assertThat(guarded.incidents()).containsExactly(told);
    }

    @ParameterizedTest
    @EnumSource
    void whoWaitsForItIsTold(Resource resource) throws Exception {
        open(resource);
        Transaction slow = bookAndClose();
        CompletableFuture<Void> waiter = beside.start("ours", () -> {
            try (Connection connection = guarded.getConnection()) {
                Sql.run(connection, UPDATE);
            }
        });
        await().until(() -> guarded.incidents().stream()
                .anyMatch(incident -> incident.diagnosis() == DiagnosisKind.OPEN_AFTER_CLOSE
                        && incident.waiters().size() == 1));
        assertThat(guarded.incidents())
                .allMatch(incident -> incident.outcome() == OutcomeKind.REPORTED
                        && incident.diagnosis() == DiagnosisKind.OPEN_AFTER_CLOSE);
        commit(slow);
        waiter.get();
        assertThat(seats()).isEqualTo(8);
    }

    /** Its manager commits it all the same: that nothing refers to the connection object any more proves nothing. */
    @ParameterizedTest
    @EnumSource
    void aConnectionThatIsDroppedWithinOneIsNoProof(Resource resource) throws Exception {
        open(resource);
        Transaction first = bookAndClose();
        awaitIncident(DiagnosisKind.OPEN_AFTER_CLOSE);
        commit(first);
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
        assertThat(guarded.incidents())
                .as("nor is the connection, which its pool has back")
                .allMatch(incident -> incident.outcome() == OutcomeKind.REPORTED);
        assertThat(pool.getMetrics().destroyCount()).isZero();
    }

    /** It is not the application that ends it: its pool has the connection back, although nobody closed it. */
    @ParameterizedTest
    @EnumSource
    void aConnectionThatIsDroppedAndCommittedIsNotEnded(Resource resource) throws Exception {
        open(resource);
        Transaction first = bookAndClose();
        awaitIncident(DiagnosisKind.OPEN_AFTER_CLOSE);
        commit(first);
        List<Incident> before = guarded.incidents();
        for (int i = 0; i < 20; i++) {
            manager.begin();
            Sql.run(guarded.getConnection(), UPDATE);
            manager.commit();
        }
        Garbage.collectUntil(() -> guarded.leases().isEmpty());
        assertThat(guarded.incidents()).isEqualTo(before);
        assertThat(seats()).isEqualTo(-11);
        assertThat(pool.getMetrics().destroyCount()).isZero();
    }

    /** In the same pool, whose connections serve both. */
    @ParameterizedTest
    @EnumSource
    void aTransactionOfTheApplicationsOwnIsProvenAsEver(Resource resource) throws Exception {
        open(resource);
        Transaction first = bookAndClose();
        awaitIncident(DiagnosisKind.OPEN_AFTER_CLOSE);
        commit(first);
        beside.start("leaver", () -> {
                    Connection connection = guarded.getConnection();
                    connection.setAutoCommit(false);
                    Sql.run(connection, UPDATE);
                })
                .get();
        outside().get();
        await().until(() -> guarded.incidents().stream()
                .anyMatch(incident -> incident.outcome() == OutcomeKind.HEALED
                        && incident.evidence().get(0).kind() == EvidenceKind.HANDLE_UNREACHABLE));
        assertThat(seats()).isEqualTo(8);
    }
}
