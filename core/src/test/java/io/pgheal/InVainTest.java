package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.ds.PGSimpleDataSource;

/** A culprit that nothing helps, for the control role may not signal it. */
class InVainTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final PGSimpleDataSource control = new PGSimpleDataSource();

    @BeforeEach
    void makeRole() throws SQLException {
        admin("DROP ROLE IF EXISTS looker");
        admin("CREATE ROLE looker LOGIN PASSWORD 'looker'");
        admin("GRANT pg_read_all_stats TO looker");
        control.setUrl(SERVER.url());
        control.setUser("looker");
        control.setPassword("looker");
    }

    @AfterEach
    void dropRole() throws SQLException {
        admin("DROP ROLE looker");
    }

    @Test
    void whatNothingHelpsIsAskedAboutNoMoreThanItIsTried() throws Exception {
        try (GuardedPool pool = GuardedPool.on(
                SERVER,
                config -> config.activeBlockerTimeout(Duration.ofMillis(500)).escalationInterval(Duration.ofMillis(50)),
                builder -> builder.controlDataSource(control))) {
            Connection culprit = pool.beginLogin("alice");
            CompletableFuture<Void> works = CompletableFuture.runAsync(() -> sleep(culprit));
            CompletableFuture<Void> waits = pool.login("alice");
            pool.awaitIncident(OutcomeKind.UNRESOLVED);
            long before = pool.guarded.healer().queries();

            works.join();
            long asked = pool.guarded.healer().queries() - before;
            culprit.commit();
            culprit.close();
            waits.join();

            assertThat(pool.incidents(OutcomeKind.UNRESOLVED)).hasSize(1);
            assertThat(pool.guarded.incidents()).hasSize(1);
            assertThat(asked).isBetween(1L, 40L);
        }
    }

    private static void sleep(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_sleep(8)");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void admin(String sql) throws SQLException {
        try (Connection connection =
                        DriverManager.getConnection(SERVER.url(), SERVER.superuser(), SERVER.superuserPassword());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
