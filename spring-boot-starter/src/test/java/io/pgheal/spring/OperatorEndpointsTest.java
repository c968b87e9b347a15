package io.pgheal.spring;

import static io.pgheal.spring.RunningApplication.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.example.LoginApplication;
import io.pgheal.decide.HealingMode;
import io.pgheal.testserver.PostgresServer;
import java.net.http.HttpResponse;
import java.security.Principal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.json.JsonParserFactory;

/** The story's hand-written queries, and the kill, as calls of the actuator. */
class OperatorEndpointsTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static RunningApplication application;

    @BeforeAll
    static void start() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE invoices (id int PRIMARY KEY, state text)");
            statement.execute("INSERT INTO invoices VALUES (1, 'new')");
        }
        application = RunningApplication.start(
                LoginApplication.class, SERVER, "management.endpoint.pghealrelease.access=unrestricted");
        await().until(() -> application.guard().healer().connected());
    }

    @AfterAll
    static void stop() {
        application.close();
    }

    @Test
    void aTableIsLookedAtTriedOutAndSetFree() throws Exception {
        try (Connection holder = SERVER.connection();
                Connection waiter = SERVER.connection()) {
            holder.setAutoCommit(false);
            update(holder);
            CompletableFuture<Void> waiting = RunningApplication.meanwhile(() -> update(waiter));
            List<Map<String, Object>> locks = await().until(
                            () -> at(
                                    application.json("/actuator/pgheallocks/invoices"),
                                    "dataSources",
                                    "dataSource",
                                    "locks"),
                            (List<Map<String, Object>> seen) -> seen.stream()
                                    .anyMatch(lock -> lock.get("held").equals(false)));
            assertThat(locks).anyMatch(lock -> lock.get("held").equals(true) && lock.get("backendStart") != null);

            Map<String, Object> tried = json(application.post("/actuator/pghealrelease", "{\"table\":\"invoices\"}"));
            assertThat(RunningApplication.<Boolean>at(tried, "dryRun")).isTrue();
            Map<String, Object> hit = at(tried, "wouldHit", 0);
            assertThat(RunningApplication.<List<Object>>at(tried, "wouldHit")).hasSize(1);
            assertThat(hit.get("refused")).isNull();
            assertThat(waiting).isNotDone();

            String identity = "\"pid\":" + hit.get("pid") + ",\"backendStart\":\"" + hit.get("backendStart")
                    + "\",\"xactStart\":\"" + hit.get("xactStart") + "\",\"stateChange\":\"" + hit.get("stateChange")
                    + "\",\"state\":\"" + hit.get("state") + "\"";
            HttpResponse<String> nameless =
                    application.post("/actuator/pghealrelease", "{" + identity + ",\"dryRun\":false}");
            assertThat(nameless.statusCode()).isEqualTo(400);
            assertThat(nameless.body()).contains("write operator");
            assertThat(waiting).isNotDone();

            Map<String, Object> done = json(application.post(
                    "/actuator/pghealrelease", "{" + identity + ",\"dryRun\":false,\"operator\":\"night-watch\"}"));
            assertThat(RunningApplication.<String>at(done, "incidents", 0, "outcome"))
                    .isEqualTo("HEALED");
            assertThat(RunningApplication.<String>at(done, "incidents", 0, "operator"))
                    .isEqualTo("night-watch");
            waiting.get();

            HttpResponse<String> again = application.post(
                    "/actuator/pghealrelease", "{" + identity + ",\"dryRun\":false,\"operator\":\"night-watch\"}");
            assertThat(again.statusCode()).as(again.body()).isEqualTo(400);
            assertThat(again.body()).contains("no backend");
        }
    }

    @Test
    void whatStandsInTheWayOfATableIsCancelled() throws Exception {
        try (Connection holder = SERVER.connection();
                Connection waiter = SERVER.connection()) {
            CompletableFuture<Void> working = RunningApplication.meanwhile(() -> {
                try (Statement statement = holder.createStatement()) {
                    holder.setAutoCommit(false);
                    update(holder);
                    statement.execute("SELECT pg_sleep(3600)");
                }
            });
            CompletableFuture<Void> waiting = RunningApplication.meanwhile(() -> {
                await().until(OperatorEndpointsTest::somebodySleeps);
                update(waiter);
            });
            await().until(OperatorEndpointsTest::somebodyWaits);

            Map<String, Object> done = json(application.post(
                    "/actuator/pghealrelease",
                    "{\"table\":\"invoices\",\"how\":\"cancel\",\"dryRun\":false,\"operator\":\"night-watch\"}"));

            assertThat(RunningApplication.<List<Object>>at(done, "incidents")).hasSize(1);
            assertThat(RunningApplication.<String>at(done, "incidents", 0, "outcome"))
                    .isEqualTo("HEALED");
            assertThat(RunningApplication.<String>at(done, "incidents", 0, "remedies", 0, "rung"))
                    .isEqualTo("CANCEL");
            waiting.get();
            assertThatThrownBy(() -> working.get()).hasMessageContaining("57014");
            assertThat(holder.isValid(5)).as("cancelled, not terminated").isTrue();
        }
    }

    private static boolean somebodySleeps() throws SQLException {
        return isSeen("query LIKE 'SELECT pg_sleep%' AND state = 'active'");
    }

    private static boolean somebodyWaits() throws SQLException {
        return isSeen("cardinality(pg_blocking_pids(pid)) > 0");
    }

    private static boolean isSeen(String condition) throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement();
                ResultSet seen = statement.executeQuery(
                        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND " + condition)) {
            seen.next();
            return seen.getInt(1) > 0;
        }
    }

    /** Who is logged in cannot say to be somebody else. */
    @Test
    void whoIsLoggedInIsTheOperatorWhateverTheRequestSays() throws Exception {
        try (Connection holder = SERVER.connection();
                Connection waiter = SERVER.connection()) {
            holder.setAutoCommit(false);
            update(holder);
            CompletableFuture<Void> waiting = RunningApplication.meanwhile(() -> update(waiter));
            await().until(OperatorEndpointsTest::somebodyWaits);

            Map<String, Object> done = application
                    .context
                    .getBean(ReleaseEndpoint.class)
                    .release(
                            new LoggedIn("alice"),
                            "invoices",
                            null,
                            null,
                            null,
                            null,
                            null,
                            "terminate",
                            false,
                            null,
                            "mallory")
                    .getBody();

            assertThat(RunningApplication.<String>at(done, "incidents", 0, "operator"))
                    .isEqualTo("alice");
            waiting.get();
        }
    }

    private record LoggedIn(String name) implements SecurityContext {
        @Override
        public Principal getPrincipal() {
            return () -> name;
        }

        @Override
        public boolean isUserInRole(String role) {
            return false;
        }
    }

    @Test
    void whatCannotBeMeantSoIsABadRequest() {
        for (String body : List.of(
                "{}",
                "{\"pid\":1}",
                "{\"table\":\"a.b.c\"}",
                "{\"table\":\"invoices\",\"pid\":1,\"backendStart\":\"x\"}",
                "{\"table\":\"invoices\",\"how\":\"kill -9\"}",
                "{\"table\":\"invoices\",\"dataSource\":\"nobody\"}",
                "{\"pid\":-1,\"backendStart\":\"x\"}")) {
            assertThat(application.post("/actuator/pghealrelease", body).statusCode())
                    .as(body)
                    .isEqualTo(400);
        }
        assertThat(application.get("/actuator/pgheallocks/a.b.c").statusCode()).isEqualTo(400);
    }

    @Test
    void actsAreClosedUnlessTheApplicationOpensThem() {
        try (RunningApplication closed = RunningApplication.start(LoginApplication.class, SERVER)) {
            assertThat(closed.post("/actuator/pghealrelease", "{\"table\":\"invoices\"}")
                            .statusCode())
                    .isEqualTo(404);
            assertThat(closed.get("/actuator/pgheallocks/invoices").statusCode())
                    .as("looking is no act")
                    .isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "management.endpoints.access.default=unrestricted",
                "management.endpoints.enabled-by-default=true"
            })
    void whatIsSaidOfAllEndpointsOpensNoAct(String property) {
        try (RunningApplication closed = RunningApplication.start(LoginApplication.class, SERVER, property)) {
            assertThat(closed.post("/actuator/pghealrelease", "{\"table\":\"invoices\"}")
                            .statusCode())
                    .isEqualTo(404);
            HttpResponse<String> refused = closed.post("/actuator/pgheal", "{\"mode\":\"off\"}");
            assertThat(refused.statusCode()).isEqualTo(403);
            assertThat(refused.body()).contains("set management.endpoint.pgheal.access=unrestricted");
            assertThat(closed.guard().mode()).isEqualTo(HealingMode.HEAL);
            assertThat(closed.get("/actuator/pgheal").statusCode()).isEqualTo(200);
        }
    }

    private static Map<String, Object> json(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JsonParserFactory.getJsonParser().parseMap(response.body());
    }

    private static void update(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE invoices SET state = 'paid' WHERE id = 1");
        }
    }
}
