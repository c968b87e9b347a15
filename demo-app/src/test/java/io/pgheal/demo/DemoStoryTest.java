package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The one way through the demo that is gone at every build; all its other faults are in {@link DemoHealedTest}. */
class DemoStoryTest {

    @Test
    @DisplayName("the fault is healed, alice logs in, the incident is told, and bob's transaction goes on")
    void theStory(@TempDir Path directory) throws SQLException {
        // With a grace of an hour only what is certain is healed: at once, or not at all. On any machine, however
        // slow, the login waits for that, and the heal for its story.
        try (RunningDemo demo = RunningDemo.start(
                        directory.resolve("data"),
                        "--pgheal.abandoned.grace=1h",
                        "--pgheal.abandoned.patience=2h",
                        "--pgheal.diagnosis.deadline=30s",
                        "--demo.login-lock-timeout=2m");
                Connection bobs = demo.dataSource().getConnection()) {
            bobs.setAutoCommit(false);
            countOpened(bobs, "bob");

            RunningDemo.Answer fault = demo.post("/api/users/alice/org-chart");
            RunningDemo.Answer login = demo.login("alice", "secret");

            assertThat(fault.status()).isEqualTo(500);
            assertThat(fault.body()).contains("StackOverflowError");
            assertThat(login.status()).as(login.body()).isEqualTo(200);
            // The login can be faster than the telling of why it works.
            await().atMost(Duration.ofSeconds(60)).until(() -> !demo.incidents().isEmpty());
            assertThat(demo.incidents()).hasSize(1);
            JsonNode incident = demo.incidents().get(0);
            assertThat(incident.get("outcome").asString()).isEqualTo("HEALED");
            assertThat(incident.get("timeToHealMillis").isNumber()).isTrue();
            assertThat(incident.get("diagnosis").asString()).isEqualTo("ABANDONED_TRANSACTION");
            assertThat(texts(incident.get("tables"))).contains("user_login_info");
            JsonNode evidence = incident.get("evidence").get(0);
            assertThat(evidence.get("kind").asString()).isEqualTo("SCOPE_ENDED");
            assertThat(evidence.get("strength").asString()).isEqualTo("CERTAIN");
            assertThat(evidence.get("detail").asString()).contains("StackOverflowError");
            assertThat(incident.at("/backend/pid").asInt()).isPositive();
            assertThat(incident.get("remedies").get(0).get("rung").asString()).isEqualTo("ABORT");
            assertThat(incident.get("remedies").get(0).get("helped").asBoolean())
                    .isTrue();
            assertThat(texts(incident.get("borrowStack"))).anyMatch(frame -> frame.startsWith("io.pgheal.demo."));
            bobs.commit();
            assertThat(openedBy(bobs, "bob")).isEqualTo(1);
            bobs.commit();
            await().atMost(Duration.ofSeconds(60)).until(() -> demo.borrowed() == 1); // bob's, and no other
        }
    }

    private static List<String> texts(JsonNode list) {
        return list.valueStream().map(JsonNode::asString).toList();
    }

    private static int openedBy(Connection connection, String username) throws SQLException {
        String sql = "SELECT org_chart_opened FROM user_login_info WHERE username = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, username);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getInt(1);
            }
        }
    }

    private static void countOpened(Connection connection, String username) throws SQLException {
        String sql = "UPDATE user_login_info SET org_chart_opened = org_chart_opened + 1 WHERE username = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, username);
            assertThat(statement.executeUpdate()).isEqualTo(1);
        }
    }
}
