package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.heal.OutcomeKind;
import io.pgheal.innocent.FakeTime;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A culprit that nothing helps, for the control role may not signal it. */
@Tag("thorough")
class InVainTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private final FakeTime time = new FakeTime();

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
                                SERVER.app().as("looker", "looker").dataSource())
                        .ticker(time))) {
            Gate gate = new Gate(SERVER);
            Connection culprit = pool.beginLogin("alice");
            CompletableFuture<Void> works = beside.start("works", () -> Sql.run(culprit, gate.statement()));
            CompletableFuture<Void> waits = pool.login("alice");
            pool.awaitLockWait(1);
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                pass(Duration.ofMillis(100));
                return !pool.incidents(OutcomeKind.UNRESOLVED).isEmpty();
            });
            long before = pool.guarded.healer().queries();

            pass(Duration.ofSeconds(8));
            long asked = pool.guarded.healer().queries() - before;
            gate.open();
            works.join();
            culprit.commit();
            culprit.close();
            waits.join();

            assertThat(pool.incidents(OutcomeKind.UNRESOLVED)).hasSize(1);
            assertThat(pool.guarded.incidents()).hasSize(1);
            assertThat(asked)
                    .as(
                            "three tries, each of which looks after each signal whether it gave way and is still waited for")
                    .isBetween(1L, 60L);
        }
    }

    private void pass(Duration all) {
        time.pass(all, Duration.ofMillis(100));
    }
}
