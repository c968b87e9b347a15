package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.example.CutCompletionApplication;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.Retained;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.InfrastructureProxy;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.DefaultTransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** What an overflow in Spring's own completion leaves bound to a thread does not reach the thread's next unit of work. */
@Tag("thorough")
class ThreadBoundTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private RunningApplication application;

    @BeforeEach
    void start() throws SQLException {
        start("");
    }

    private void start(String with) throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS counted");
            statement.execute("CREATE TABLE counted (n int NOT NULL)");
            statement.execute("INSERT INTO counted VALUES (0)");
        }
        application = RunningApplication.start(
                CutCompletionApplication.class,
                SERVER,
                "server.tomcat.threads.max=1",
                "server.tomcat.threads.min-spare=1",
                "test.with=" + with);
        GuardedDataSources guarded = application.context.getBean(GuardedDataSources.class);
        await().until(() -> guarded.byName().get("dataSource").healer().connected());
    }

    @AfterEach
    void stop() {
        application.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"cleanup", "marks", "rollback"})
    void aHundredRequestsOnTheSameThreadStartClean(String cut) throws SQLException {
        assertThat(application.get("/count?cut=" + cut).statusCode()).isEqualTo(500);

        Set<String> answers = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            answers.add(application.get("/count").body());
        }

        assertThat(answers).hasSize(1).allMatch(answer -> answer.startsWith("bound 0, marked false, new http-nio"));
        assertThat(committed()).isEqualTo(cut.equals("rollback") ? 100 : 101);
    }

    /** Others may wrap the guard in their turn: what is bound is bound under their wrapper, and is a connection of theirs. */
    @Test
    void aHundredRequestsStartCleanBehindTheWrapperOfAnother() throws SQLException {
        application.close();
        start("micrometer.jdbc,observation.boot");
        assertThat(application.context.getBean(DataSource.class)).isNotInstanceOf(InfrastructureProxy.class);
        aHundredRequestsOnTheSameThreadStartClean("cleanup");
    }

    /** In observe mode pgheal tells, and touches nothing. */
    @Test
    void whatIsOnlyObservedStays() {
        application.guard().mode(io.pgheal.decide.HealingMode.OBSERVE);
        assertThat(application.get("/count?cut=cleanup").statusCode()).isEqualTo(500);
        assertThat(application.get("/count").body()).startsWith("bound 1");
    }

    @Test
    void anOuterTransactionStays() {
        DataSourceTransactionManager transactions = new DataSourceTransactionManager(application.guard());
        TransactionStatus outer = transactions.getTransaction(new DefaultTransactionDefinition());
        WorkScopes unit = begin();
        new JdbcTemplate(application.guard()).update("UPDATE counted SET n = n + 1");
        unit.failed(new StackOverflowError());
        unit.close();

        assertThat(TransactionSynchronizationManager.getResourceMap()).hasSize(1);
        assertThat(TransactionSynchronizationManager.isActualTransactionActive())
                .isTrue();
        transactions.commit(outer);
        assertThat(TransactionSynchronizationManager.getResourceMap()).isEmpty();
    }

    /** A transaction that one thread steps through, task by task. */
    @Test
    void whatATaskThatEndedWellLeftBoundStaysForTheNext() throws SQLException {
        DataSourceTransactionManager transactions = new DataSourceTransactionManager(application.guard());
        WorkScopes first = begin();
        TransactionStatus status = transactions.getTransaction(new DefaultTransactionDefinition());
        first.close();

        WorkScopes second = begin();
        new JdbcTemplate(application.guard()).update("UPDATE counted SET n = n + 1");
        transactions.commit(status);
        second.close();
        assertThat(committed()).isEqualTo(1);
    }

    /** Taken back between two units: the first could not know. What the thread keeps bound goes only at the user's word. */
    @Test
    void whatWasTakenBackMeanwhileIsUnboundByTheNextUnit() throws SQLException {
        SelfHealingDataSource guard = application.guard();
        guard.config(guard.config().toBuilder().abandonedRetained(Retained.HEAL).build());
        DataSourceTransactionManager transactions = new DataSourceTransactionManager(application.guard());
        WorkScopes first = begin();
        TransactionStatus status = transactions.getTransaction(new DefaultTransactionDefinition());
        new JdbcTemplate(application.guard()).update("UPDATE counted SET n = n + 1");
        first.close();
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            // Somebody waits, for as long as it takes until it is healed.
            statement.executeUpdate("UPDATE counted SET n = n + 1");
        }
        assertThat(status.isCompleted()).isFalse();

        WorkScopes second = begin();
        assertThat(TransactionSynchronizationManager.getResourceMap()).isEmpty();
        assertThat(TransactionSynchronizationManager.isSynchronizationActive()).isFalse();
        assertThat(TransactionSynchronizationManager.isActualTransactionActive())
                .isFalse();
        second.close();
    }

    private WorkScopes begin() {
        return WorkScopes.begin(
                application.context.getBean(GuardedDataSources.class).byName().values(), "of the test");
    }

    private static int committed() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement();
                ResultSet n = statement.executeQuery("SELECT n FROM counted")) {
            n.next();
            return n.getInt(1);
        }
    }
}
