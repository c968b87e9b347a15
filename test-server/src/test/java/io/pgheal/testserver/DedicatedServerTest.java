package io.pgheal.testserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(120)
class DedicatedServerTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.dedicated().config("log_statement", "all");

    private static String ask(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return result.getString(1);
        }
    }

    private static String startedAt() throws SQLException {
        try (Connection connection = SERVER.connection()) {
            return ask(connection, "SELECT pg_catalog.pg_postmaster_start_time()");
        }
    }

    @Test
    void restartsOnTheSamePortWithItsDataAndItsSettings() throws Exception {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE kept AS SELECT 1 AS n");
        }
        for (StopMode mode : StopMode.values()) {
            String before = startedAt();
            try (Connection connection = SERVER.connection()) {
                SERVER.restart(mode);
                assertThatThrownBy(() -> ask(connection, "SELECT 1")).isInstanceOf(SQLException.class);
            }
            assertThat(startedAt()).isNotEqualTo(before);
            try (Connection connection = SERVER.connection()) {
                assertThat(ask(connection, "SELECT n FROM kept")).isEqualTo("1");
                assertThat(ask(connection, "SHOW log_statement")).isEqualTo("all");
            }
        }
    }

    @Test
    void refusesConnectionsWhileItIsStopped() throws Exception {
        SERVER.stop(StopMode.FAST);
        try {
            assertThatThrownBy(SERVER::connection)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"));
        } finally {
            SERVER.start();
        }
        SERVER.connection().close();
    }

    @Test
    void answersNobodyWhileItIsFrozenAndGoesOnAfterwards() throws Exception {
        try (Connection connection = SERVER.connection()) {
            CompletableFuture<String> answer;
            SERVER.freeze();
            try {
                answer = CompletableFuture.supplyAsync(() -> {
                    try {
                        return ask(connection, "SELECT 'late'");
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                });
                String url = SERVER.url() + "?loginTimeout=1";
                assertThatThrownBy(() -> DriverManager.getConnection(url, SERVER.user(), SERVER.password()))
                        .isInstanceOf(SQLException.class);
                assertThat(answer).isNotDone();
            } finally {
                SERVER.thaw();
            }
            assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo("late");
        }
    }

    @Test
    void logsAlsoAfterARestart() throws Exception {
        try (Connection connection = SERVER.connection()) {
            ask(connection, "SELECT 'before the restart'");
        }
        await().until(() -> SERVER.log().contains("SELECT 'before the restart'"));
        SERVER.restart(StopMode.FAST);
        try (Connection connection = SERVER.connection()) {
            ask(connection, "SELECT 'after the restart'");
        }
        await().until(() -> SERVER.log().contains("SELECT 'after the restart'"));
        assertThat(SERVER.log()).contains("SELECT 'before the restart'");
    }
}
