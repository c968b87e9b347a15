package io.pgheal.testserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@Tag("thorough")
class DedicatedServerTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.dedicated().config("log_statement", "all");

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private static String startedAt() throws SQLException {
        return SERVER.app().text("SELECT pg_catalog.pg_postmaster_start_time()");
    }

    @Test
    void restartsOnTheSamePortWithItsDataAndItsSettings() throws Exception {
        SERVER.app().run("CREATE TABLE kept AS SELECT 1 AS n");
        for (StopMode mode : StopMode.values()) {
            String before = startedAt();
            try (Connection connection = SERVER.connection()) {
                SERVER.restart(mode);
                assertThatThrownBy(() -> Sql.run(connection, "SELECT 1")).isInstanceOf(SQLException.class);
            }
            assertThat(startedAt()).isNotEqualTo(before);
            assertThat(SERVER.app().text("SELECT n FROM kept")).isEqualTo("1");
            assertThat(SERVER.app().text("SHOW log_statement")).isEqualTo("all");
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
                answer = beside.start("asks", () -> Sql.text(connection, "SELECT 'late'"));
                Login impatient = SERVER.app().at(SERVER.url() + "?loginTimeout=1");
                assertThatThrownBy(impatient::connect).isInstanceOf(SQLException.class);
                assertThat(answer).isNotDone();
            } finally {
                SERVER.thaw();
            }
            assertThat(answer.get()).isEqualTo("late");
        }
    }

    @Test
    void logsAlsoAfterARestart() throws Exception {
        SERVER.app().run("SELECT 'before the restart'");
        assertThat(SERVER.log()).contains("SELECT 'before the restart'");
        SERVER.restart(StopMode.FAST);
        SERVER.app().run("SELECT 'after the restart'");
        assertThat(SERVER.log()).contains("SELECT 'after the restart'");
        assertThat(SERVER.log()).contains("SELECT 'before the restart'");
    }
}
