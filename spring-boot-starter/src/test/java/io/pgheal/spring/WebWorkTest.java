package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.example.WebWorkApplication;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams, events, views and error pages: work of a request that its method's return does not end. */
@Tag("thorough")
class WebWorkTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private RunningApplication application;

    @BeforeEach
    void start() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS work");
            statement.execute("CREATE TABLE work (row text PRIMARY KEY, done int NOT NULL)");
            statement.execute("INSERT INTO work SELECT unnest(ARRAY['overflow', 'errors', 'stream', 'stream-overflow',"
                    + " 'events', 'events-overflow', 'view', 'jpa']), 0");
        }
        application = RunningApplication.start(
                WebWorkApplication.class,
                SERVER,
                "test.with=jpa",
                "spring.jpa.hibernate.ddl-auto=create",
                "spring.jpa.open-in-view=true",
                "server.tomcat.threads.max=1",
                "server.tomcat.threads.min-spare=1",
                "pgheal.abandoned.grace=100ms",
                "pgheal.abandoned.patience=300ms",
                "pgheal.abandoned.retained=heal",
                "pgheal.diagnosis.deadline=30s");
        await().until(() -> application.guard().healer().connected());
    }

    @AfterEach
    void stop() {
        application.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"stream", "events"})
    void workThatGoesOnElsewhereIsNotTouchedForLongerThanEveryGrace(String row) throws Exception {
        CompletableFuture<HttpResponse<String>> answer = application.getLater("/" + row);
        await().until(() -> application.guard().leases().stream()
                .anyMatch(lease -> lease.transactionOpen() && lease.quiet().toMillis() > 1000));
        streams().mayFinish.countDown();

        assertThat(answer.get().body()).contains("committed");
        assertThat(done(row)).isEqualTo(2);
        assertThat(incidents()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"stream-overflow", "events-overflow"})
    void anOverflowThereIsHealed(String row) throws Exception {
        application.getLater("/" + row);

        await().until(() -> !incidents().isEmpty() && isFree(row));
        Incident incident = incidents().get(0);
        assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
        assertThat(incident.evidence().get(0).kind()).isEqualTo(EvidenceKind.SCOPE_ENDED);
        assertThat(done(row)).isZero();
        assertThat(application.get("/count").body()).startsWith("bound");
    }

    @Test
    void whatAnswersTheErrorMayUseTheDatabase() throws Exception {
        for (int i = 1; i <= 3; i++) {
            assertThat(application.get("/overflow").statusCode()).isEqualTo(500);
            assertThat(done("errors")).isEqualTo(i);
        }
        await().until(() -> incidents().size() == 3 && isFree("overflow"));
        assertThat(incidents()).allMatch(incident -> incident.outcome() == OutcomeKind.HEALED);
    }

    @Test
    void aSessionThatStaysOpenForTheViewIsNotTouchedNorLost() throws Exception {
        application.get("/befriend");
        assertThat(application.get("/friend").body()).isEqualTo("2 nicknames");

        application.get("/friend?leak=true");
        await().until(() -> !incidents().isEmpty() && isFree("view"));

        for (int i = 0; i < 100; i++) {
            assertThat(application.get("/friend").body()).isEqualTo("2 nicknames");
        }
        assertThat(incidents()).hasSize(1);
        await().until(() -> application.guard().leases().isEmpty());
    }

    @Test
    void aHundredRequestsAfterACompletionOfJpaThatWasCutStartClean() throws Exception {
        String clean = application.get("/count").body();
        assertThat(application.get("/count?cut=true").statusCode()).isEqualTo(500);

        Set<String> answers = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            answers.add(application.get("/count").body());
        }

        assertThat(answers).containsExactly(clean);
        assertThat(done("jpa")).isEqualTo(102);
        await().until(() -> application.guard().leases().isEmpty());
    }

    private WebWorkApplication.Streams streams() {
        return application.context.getBean(WebWorkApplication.Streams.class);
    }

    private List<Incident> incidents() {
        return application.guard().incidents();
    }

    private static int done(String row) throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT done FROM work WHERE row = '" + row + "'")) {
            found.next();
            return found.getInt(1);
        }
    }

    private static boolean isFree(String row) throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1 FROM work WHERE row = '" + row + "' FOR UPDATE NOWAIT");
            return true;
        } catch (SQLException e) {
            if ("55P03".equals(e.getSQLState())) {
                return false;
            }
            throw e;
        }
    }
}
