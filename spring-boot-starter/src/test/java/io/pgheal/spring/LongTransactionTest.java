package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.LeaseRevokedException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.aop.support.AopUtils;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;

/** A live owner whose time limit is over is ended, unless its method asked for time. */
@Tag("thorough")
class LongTransactionTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @EnableAsync
    @Import({NightlyImport.class, Unasked.class, WholeClass.class, InTheBackground.class})
    static class Application {}

    interface Body {
        void run() throws Exception;
    }

    static class NightlyImport {
        @LongTransaction("${import.time}")
        public void run(Body body) throws Exception {
            body.run();
        }
    }

    static class Unasked {
        public void run(Body body) throws Exception {
            body.run();
        }
    }

    static class InTheBackground {
        @Async
        @LongTransaction("10m")
        public CompletableFuture<Void> run(Body body) throws Exception {
            body.run();
            return CompletableFuture.completedFuture(null);
        }
    }

    @LongTransaction
    static class WholeClass {
        public void run(Body body) throws Exception {
            body.run();
        }
    }

    private RunningApplication application;

    @BeforeEach
    void start() throws SQLException {
        try (Connection connection = outside();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS stock");
            statement.execute("CREATE TABLE stock (id int PRIMARY KEY, pieces int)");
            statement.execute("INSERT INTO stock VALUES (1, 0), (2, 0), (3, 0)");
        }
        application = RunningApplication.start(
                Application.class,
                SERVER,
                "import.time=10m",
                "spring.datasource.hikari.maximum-pool-size=6",
                "pgheal.lock-wait.threshold=100ms",
                "pgheal.lock-wait.idle-blocker-timeout=1s");
        await().until(() -> application.guard().healer().connected());
    }

    @AfterEach
    void stop() {
        application.close();
    }

    private static Connection outside() throws SQLException {
        return DriverManager.getConnection(SERVER.url(), SERVER.user(), SERVER.password());
    }

    private Connection begin(int id) throws SQLException {
        Connection connection = application.context.getBean(DataSource.class).getConnection();
        connection.setAutoCommit(false);
        take(connection, id);
        return connection;
    }

    private static void take(Connection connection, int id) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE stock SET pieces = pieces + 1 WHERE id = " + id);
        }
    }

    /** Ours: only statements of ours make pgheal look. */
    private CompletableFuture<Void> waiter(int id) {
        return RunningApplication.meanwhile(() -> {
            try (Connection connection =
                    application.context.getBean(DataSource.class).getConnection()) {
                take(connection, id);
            }
        });
    }

    private List<Incident> incidents(OutcomeKind outcome) {
        return application.guard().incidents().stream()
                .filter(incident -> incident.outcome() == outcome)
                .toList();
    }

    /** Waits until both are told of as in the way, and a third, who came later and did not ask for time, is ended. */
    private void outlastTheLimit() throws Exception {
        await().until(() -> incidents(OutcomeKind.REPORTED).size() >= 2);
        CompletableFuture<Void> holds = new CompletableFuture<>();
        CompletableFuture<Void> told = new CompletableFuture<>();
        CompletableFuture<Void> unasked = RunningApplication.meanwhile(() -> {
            try (Connection connection = begin(3)) {
                holds.complete(null);
                told.join(); // alive all the time: nothing but the limit can end it
                assertThatThrownBy(connection::commit).isInstanceOf(LeaseRevokedException.class);
            }
        });
        holds.get();
        CompletableFuture<Void> waiter = waiter(3);
        await().until(() -> incidents(OutcomeKind.HEALED).size() == 1);
        told.complete(null);
        waiter.get();
        unasked.get();
    }

    @Test
    void whatRunsOnAnotherThreadIsSafeThere() throws Exception {
        CompletableFuture<?>[] waiters = new CompletableFuture<?>[2];
        application
                .context
                .getBean(InTheBackground.class)
                .run(() -> {
                    try (Connection first = begin(1);
                            Connection second = begin(2)) {
                        waiters[0] = waiter(1);
                        waiters[1] = waiter(2);
                        outlastTheLimit();
                        first.commit();
                        second.commit();
                    }
                })
                .get();
        CompletableFuture.allOf(waiters).get();
    }

    @Test
    void whatWasBorrowedBeforeAndInsideIsSafeUntilTheMethodEnds() throws Exception {
        Connection before = begin(1);
        CompletableFuture<?>[] waiters = new CompletableFuture<?>[2];
        application.context.getBean(NightlyImport.class).run(() -> {
            Connection inside = begin(2);
            waiters[0] = waiter(1);
            waiters[1] = waiter(2);
            outlastTheLimit();
            inside.commit();
            inside.close();
        });
        before.commit(); // the limit counts from the end of the method
        before.close();
        waiters[0].get();
        waiters[1].get();
        assertThat(incidents(OutcomeKind.HEALED)).as("only who did not ask").hasSize(1);
    }

    @Test
    void anAnnotatedClassIsAnnotatedMethods() throws Exception {
        application.context.getBean(WholeClass.class).run(() -> {
            Connection one = begin(1);
            Connection other = begin(2);
            CompletableFuture<Void> waiter = waiter(1);
            CompletableFuture<Void> next = waiter(2);
            outlastTheLimit();
            one.commit();
            one.close();
            other.commit();
            other.close();
            waiter.get();
            next.get();
        });
    }

    @Test
    void whoDidNotAskHasNoMoreTimeThanTheLimitGives() throws Exception {
        application.context.getBean(NightlyImport.class).run(() -> {}); // nothing of it is left on the thread
        application.context.getBean(Unasked.class).run(() -> {
            Connection connection = begin(1);
            CompletableFuture<Void> waiter = waiter(1);
            await().until(() -> !incidents(OutcomeKind.HEALED).isEmpty());
            waiter.get();
            assertThatThrownBy(connection::commit).isInstanceOf(LeaseRevokedException.class);
            connection.close();
        });
    }

    @Test
    void onlyBeansThatAskAreWrapped() throws Exception {
        assertThat(AopUtils.isAopProxy(application.context.getBean(NightlyImport.class)))
                .isTrue();
        assertThat(AopUtils.isAopProxy(application.context.getBean(WholeClass.class)))
                .isTrue();
        assertThat(AopUtils.isAopProxy(application.context.getBean(Unasked.class)))
                .isFalse();
    }

    @Test
    void whatTheMethodThrowsIsThrown() {
        IllegalStateException own = new IllegalStateException();
        assertThatThrownBy(
                        () -> application.context.getBean(NightlyImport.class).run(() -> {
                            throw own;
                        }))
                .isSameAs(own);
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(Misspelled.class)
    static class WrongApplication {}

    static class Misspelled {
        @LongTransaction("soon")
        public void run() {}
    }

    @Test
    void aTimeThatIsNoneStopsTheStart() {
        assertThatThrownBy(() -> RunningApplication.start(WrongApplication.class, SERVER))
                .hasRootCauseInstanceOf(InvalidPropertyException.class)
                .rootCause()
                .hasMessageContaining("soon")
                .hasMessageContaining("Misspelled.run");
    }
}
