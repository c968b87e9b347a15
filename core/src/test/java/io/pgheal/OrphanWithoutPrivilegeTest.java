package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.report.HealerState;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.ds.PGSimpleDataSource;

/** A control role that may not signal must not hold up what needs no signal. */
class OrphanWithoutPrivilegeTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @Test
    void anOrphanThatMayNotBeSignalledIsToldOnceAndDoesNotOpenTheBreaker() throws Exception {
        admin("DROP ROLE IF EXISTS onlooker");
        admin("CREATE ROLE onlooker LOGIN PASSWORD 'onlooker'");
        admin("GRANT pg_read_all_stats TO onlooker");
        AtomicInteger told = new AtomicInteger();
        PGSimpleDataSource control = new PGSimpleDataSource();
        control.setUrl(SERVER.url());
        control.setUser("onlooker");
        control.setPassword("onlooker");
        try (GuardedPool pool = GuardedPool.on(
                SERVER, it -> it, it -> it.controlDataSource(control).listener(incident -> told.incrementAndGet()))) {
            Connection connection = pool.guarded.getConnection();
            try (Statement statement = connection.createStatement()) {
                connection.setNetworkTimeout(Runnable::run, 200);
                statement.execute("SELECT pg_sleep(6)");
            } catch (java.sql.SQLException timedOut) {
                // as it must be
            }
            try {
                connection.close();
            } catch (java.sql.SQLException broken) {
                // as well
            }
            await().until(() -> !pool.guarded.incidents().isEmpty());
            int before = budgetsLeft(pool);
            // Until it ends by itself it is looked at again and again, and not signalled each time.
            await().until(() -> admin("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(6)'") == 0);

            assertThat(pool.guarded.healer().breakerOpen()).isFalse();
            assertThat(pool.guarded.incidents()).hasSize(1);
            assertThat(told).hasValue(1);
            assertThat(before - budgetsLeft(pool)).isLessThanOrEqualTo(3);
        } finally {
            admin("DROP ROLE onlooker");
        }
    }

    private static int budgetsLeft(GuardedPool pool) {
        HealerState healer = pool.guarded.healer();
        return healer.certainLeft() + healer.signalsLeft();
    }

    /** The figure that the statement answers, or -1. */
    private static int admin(String sql) throws Exception {
        try (Connection connection =
                        DriverManager.getConnection(SERVER.url(), SERVER.superuser(), SERVER.superuserPassword());
                Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return -1;
            }
            ResultSet figure = statement.getResultSet();
            figure.next();
            return figure.getInt(1);
        }
    }
}
