package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.innocent.FakeTime;
import io.pgheal.report.HealerState;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A control role that may not signal must not hold up what needs no signal. */
@Tag("thorough")
class OrphanWithoutPrivilegeTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    @Test
    void anOrphanThatMayNotBeSignalledIsToldOnceAndDoesNotOpenTheBreaker() throws Exception {
        SERVER.admin()
                .run(
                        "DROP ROLE IF EXISTS onlooker",
                        "CREATE ROLE onlooker LOGIN PASSWORD 'onlooker'",
                        "GRANT pg_read_all_stats TO onlooker");
        AtomicInteger told = new AtomicInteger();
        DataSource control = SERVER.app().as("onlooker", "onlooker").dataSource();
        FakeTime time = new FakeTime();
        try (GuardedPool pool = GuardedPool.on(
                SERVER,
                it -> it,
                it -> it.controlDataSource(control).ticker(time).listener(incident -> told.incrementAndGet()))) {
            Gate gate = new Gate(SERVER);
            Connection connection = pool.guarded.getConnection();
            try (Statement statement = connection.createStatement()) {
                connection.setNetworkTimeout(Runnable::run, 200);
                statement.execute(gate.statement());
            } catch (java.sql.SQLException timedOut) {
                // as it must be
            }
            try {
                connection.close();
            } catch (java.sql.SQLException broken) {
                // as well
            }
            await().until(() -> {
                time.pass(Duration.ofMillis(25));
                return !pool.guarded.incidents().isEmpty();
            });
            int before = budgetsLeft(pool);
            // Until it ends by itself it is looked at again and again, and not signalled each time.
            time.pass(Duration.ofSeconds(6), Duration.ofMillis(100));
            gate.open();

            assertThat(pool.guarded.healer().breakerOpen()).isFalse();
            assertThat(pool.guarded.incidents()).hasSize(1);
            assertThat(told).hasValue(1);
            assertThat(before - budgetsLeft(pool)).isLessThanOrEqualTo(3);
        } finally {
            SERVER.admin().run("DROP ROLE onlooker");
        }
    }

    private static int budgetsLeft(GuardedPool pool) {
        HealerState healer = pool.guarded.healer();
        return healer.certainLeft() + healer.signalsLeft();
    }
}
