package io.pgheal.spring;

import static io.pgheal.spring.RunningApplication.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.example.LoginApplication;
import io.pgheal.decide.HealingMode;
import io.pgheal.testserver.PostgresServer;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an operator may do who opened the endpoint, and what is seen in the tree. */
class OpenedEndpointTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static RunningApplication application;

    @BeforeAll
    static void start() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE orders (id int PRIMARY KEY, state text)");
            statement.execute("INSERT INTO orders VALUES (1, 'new')");
        }
        application = RunningApplication.start(
                LoginApplication.class, SERVER, "management.endpoint.pgheal.access=unrestricted");
        await().until(() -> application.guard().healer().connected());
    }

    @AfterAll
    static void stop() {
        application.close();
    }

    @Test
    void theModeOfAllDataSourcesOrOfOneCanBeChanged() {
        HttpResponse<String> all = application.post("/actuator/pgheal", "{\"mode\":\"observe\"}");
        assertThat(all.statusCode()).as(all.body()).isEqualTo(200);
        assertThat(all.body()).contains("observe");
        assertThat(application.guard().mode()).isEqualTo(HealingMode.OBSERVE);

        HttpResponse<String> one =
                application.post("/actuator/pgheal", "{\"mode\":\"heal\",\"dataSource\":\"dataSource\"}");
        assertThat(one.statusCode()).as(one.body()).isEqualTo(200);
        assertThat(application.guard().mode()).isEqualTo(HealingMode.HEAL);
    }

    @Test
    void whatCannotBeMeantSoIsABadRequest() {
        HttpResponse<String> heel = application.post("/actuator/pgheal", "{\"mode\":\"heel\"}");
        assertThat(heel.statusCode()).isEqualTo(400);
        assertThat(heel.body()).contains("mode is 'heel'; write one of heal, observe, off");
        assertThat(application.post("/actuator/pgheal", "{}").statusCode()).isEqualTo(400);
        assertThat(application
                        .post("/actuator/pgheal", "{\"mode\":\"off\",\"dataSource\":\"nobody\"}")
                        .statusCode())
                .isEqualTo(400);
        assertThat(application.guard().mode()).isEqualTo(HealingMode.HEAL);
    }

    @Test
    void theTreeTellsWhoWaitsForWhomAndWhoIsOurs() throws Exception {
        try (Connection holder = application.guard().getConnection();
                Connection waiter = SERVER.connection()) {
            holder.setAutoCommit(false);
            update(holder);
            CompletableFuture<Void> waiting = RunningApplication.meanwhile(() -> update(waiter));
            Map<String, Object> tree = await().until(
                            () -> at(application.json("/actuator/pghealtree"), "dataSources", "dataSource"),
                            OpenedEndpointTest::hasWaiters);
            holder.rollback();
            waiting.join();

            assertThat(RunningApplication.<String>at(tree, "waiters", 0, "table"))
                    .isEqualTo("orders");
            assertThat(RunningApplication.<Boolean>at(tree, "waiters", 0, "ours"))
                    .isFalse();
            assertThat(RunningApplication.<Boolean>at(tree, "roots", 0, "ours"))
                    .as("%s", tree)
                    .isTrue();
            assertThat(RunningApplication.<String>at(tree, "roots", 0, "state")).isEqualTo("idle in transaction");
        }
    }

    private static boolean hasWaiters(Map<String, Object> tree) {
        return !RunningApplication.<List<Object>>at(tree, "waiters").isEmpty();
    }

    private static void update(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE orders SET state = 'paid' WHERE id = 1");
        }
    }
}
