package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A culprit that nothing helps, for the control role may not signal it. */
class InVainTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    @BeforeEach
    void makeRole() throws SQLException {
        SERVER.admin()
                .run(
                        "DROP ROLE IF EXISTS looker",
                        "CREATE ROLE looker LOGIN PASSWORD 'looker'",
                        "GRANT pg_read_all_stats TO looker");
    }

    @AfterEach
    void dropRole() throws SQLException {
        SERVER.admin().run("DROP ROLE looker");
    }

    @Test
    void whatNothingHelpsIsAskedAboutNoMoreThanItIsTried() throws Exception {
        try (GuardedPool pool = GuardedPool.on(
                SERVER,
                config -> config.activeBlockerTimeout(Duration.ofMillis(500)).escalationInterval(Duration.ofMillis(50)),
                builder -> builder.controlDataSource(
                        SERVER.app().as("looker", "looker").dataSource()))) {
            Connection culprit = pool.beginLogin("alice");
            CompletableFuture<Void> works = beside.start("works", () -> Sql.run(culprit, "SELECT pg_sleep(8)"));
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
}
