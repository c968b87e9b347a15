package io.pgheal.spring;

import static io.pgheal.spring.RunningApplication.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.example.LoginApplication;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A servlet request as a unit of work, in an application that was started as users start theirs. */
class ServletScopeTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private RunningApplication application;

    @BeforeAll
    static void table() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE user_login_info (username text PRIMARY KEY, attempts int NOT NULL)");
            statement.execute("INSERT INTO user_login_info VALUES ('alice', 0)");
        }
    }

    private void start(String... properties) {
        application = RunningApplication.start(LoginApplication.class, SERVER, properties);
        await().until(() -> application.guard().healer().connected());
    }

    /** Whatever is healed then was certain, and did not have to wait for anything but its story. */
    private void startWithoutPatience() {
        start("pgheal.abandoned.grace=1h", "pgheal.abandoned.patience=2h", "pgheal.diagnosis.deadline=30s");
    }

    @AfterEach
    void stop() {
        application.close();
    }

    @Test
    void aStackOverflowThatLeaksATransactionIsHealedAtOnce() {
        startWithoutPatience();
        assertThat(application.get("/overflow").statusCode()).isEqualTo(500);

        await().until(ServletScopeTest::rowIsFree);
        Incident incident = await().until(() -> incidents().stream().findFirst().orElse(null), found -> found != null);
        assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);

        Map<String, Object> told =
                at(application.json("/actuator/pgheal"), "dataSources", "dataSource", "incidents", 0);
        assertThat(told)
                .containsEntry("id", incident.id())
                .containsEntry("outcome", "HEALED")
                .containsEntry("dataSource", "dataSource");
        assertThat(told.get("tables").toString()).contains("user_login_info");
        assertThat(told.get("evidence").toString())
                .contains(EvidenceKind.SCOPE_ENDED.name(), "GET /overflow", "StackOverflowError");
        assertThat(told.get("borrowStack").toString()).contains("LoginApplication$Faults.overflow");
        assertThat(application.json("/actuator/pgheal/" + incident.id())).containsEntry("id", incident.id());
        await().untilAsserted(() -> assertThat(application.context.getBean(LoginApplication.Ear.class).heard)
                .extracting(Incident::id)
                .contains(incident.id()));
    }

    @Test
    void anErrorThatAnExceptionHandlerSwallowedStillEndsTheScope() {
        startWithoutPatience();
        assertThat(application.get("/swallowed").body()).startsWith("as if nothing had happened");

        await().until(ServletScopeTest::rowIsFree);
        await().until(() -> !incidents().isEmpty());
        assertThat(incidents().get(0).evidence().toString()).contains("SCOPE_ENDED", "CERTAIN", "Swallowed");
    }

    /** A path may hold the key to an account, and evidence goes to logs. */
    @Test
    void aRequestIsNamedByThePatternOfItsHandler() {
        startWithoutPatience();
        assertThat(application.get("/swallowed/secret-of-alice;jsessionid=4711").body())
                .startsWith("as if nothing had happened");

        await().until(() -> !incidents().isEmpty());
        assertThat(incidents().get(0).evidence().toString())
                .contains("GET /swallowed/{token}")
                .doesNotContain("secret")
                .doesNotContain("4711");
    }

    @Test
    void anAsynchronousRequestIsNotEndedWithItsFirstThread() throws Exception {
        start("pgheal.abandoned.grace=100ms", "pgheal.abandoned.patience=300ms");
        CompletableFuture<HttpResponse<String>> answer = application.getLater("/async");
        // Long after the request's own thread has gone back to its pool.
        await().until(() -> application.guard().leases().stream()
                .anyMatch(lease -> lease.transactionOpen() && lease.quiet().toMillis() > 1500));
        assertThat(incidents()).isEmpty();

        application.context.getBean(LoginApplication.Faults.class).mayFinish.countDown();

        assertThat(answer.get().body()).isEqualTo("committed");
        assertThat(incidents()).isEmpty();
    }

    /** Who used the lease last was not the request's thread: its end is a suspicion, no more. */
    @Test
    void anAsynchronousRequestThatLeaksIsHealedAfterTheGraceAtTheUsersSay() throws Exception {
        start("pgheal.abandoned.grace=100ms", "pgheal.abandoned.patience=300ms", "pgheal.abandoned.retained=heal");

        assertThat(application.get("/async-overflow").statusCode()).isEqualTo(500);

        await().until(ServletScopeTest::rowIsFree);
        await().until(() -> !incidents().isEmpty());
        assertThat(incidents().get(0).evidence()).anySatisfy(evidence -> {
            assertThat(evidence.kind()).isEqualTo(EvidenceKind.SCOPE_ENDED);
            assertThat(evidence.strength()).isEqualTo(Strength.SUSPICION);
            assertThat(evidence.detail()).contains("GET /async-overflow");
        });
    }

    @Test
    void aRequestThatEndsInOrderLeavesNothingBehind() throws SQLException {
        start();
        for (int i = 0; i < 20; i++) {
            assertThat(application.get("/fine").body()).isEqualTo("fine");
        }
        assertThat(rowIsFree()).isTrue();
        assertThat(application.guard().healer().leases()).isZero();
        assertThat(incidents()).isEmpty();
    }

    private java.util.List<Incident> incidents() {
        return application.guard().incidents();
    }

    private static boolean rowIsFree() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1 FROM user_login_info WHERE username = 'alice' FOR UPDATE NOWAIT");
            return true;
        } catch (SQLException e) {
            if ("55P03".equals(e.getSQLState())) {
                return false;
            }
            throw e;
        }
    }
}
