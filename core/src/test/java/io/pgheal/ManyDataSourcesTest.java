package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Guarded data sources of one process: they share threads, and nothing else. */
class ManyDataSourcesTest {
    private static final int MANY = 10;

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final List<Object> kept = new CopyOnWriteArrayList<>();
    private final List<GuardedPool> pools = new ArrayList<>();
    private final CountDownLatch end = new CountDownLatch(1);

    @AfterEach
    void close() throws SQLException {
        end.countDown();
        for (GuardedPool pool : pools) {
            pool.close();
        }
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("pgheal-"))
                .toList();
    }

    private void start(String name, io.pgheal.report.IncidentListener listener) throws SQLException {
        pools.add(GuardedPool.on(
                SERVER, config -> config, builder -> builder.name(name).listener(listener)));
    }

    private void leakAndHeal(GuardedPool pool) throws SQLException {
        int before = pool.incidents(OutcomeKind.HEALED).size();
        try (var scope = pool.guarded.scope("leak")) {
            Connection left = pool.guarded.getConnection();
            kept.add(left);
            left.setAutoCommit(false);
            left.createStatement().execute("SELECT 1");
        }
        await().until(() -> pool.incidents(OutcomeKind.HEALED).size() > before);
    }

    /** Each has its loop. Beside these there is a free thread for the next act, and one for its questions. */
    @Test
    void haveFewThreadsWhenTheyAreWell() throws Exception {
        for (int i = 0; i < MANY; i++) {
            start("well" + i, kept::add);
        }
        await().untilAsserted(() -> assertThat(threads()).hasSize(MANY + 2));

        for (GuardedPool pool : pools) {
            leakAndHeal(pool);
        }
        // A listener is told after the journal has it.
        await().untilAsserted(() -> assertThat(kept)
                .filteredOn(io.pgheal.report.Incident.class::isInstance)
                .hasSize(MANY));
        await().untilAsserted(() -> assertThat(threads()).hasSize(MANY + 2));
        assertThat(threads()).filteredOn(name -> name.endsWith("-loop")).hasSize(MANY);
    }

    @Test
    void oneThatIsClosedDisturbsNoOther() throws Exception {
        start("closed", kept::add);
        start("stays", kept::add);
        pools.remove(0).close();
        await().untilAsserted(() -> assertThat(threads()).hasSize(3));
        leakAndHeal(pools.get(0));
    }

    /** The listener's thread is lost to nobody but its own data source's listeners. */
    @Test
    void aListenerThatBlocksHoldsUpNoOther() throws Exception {
        start("blocked", incident -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        start("free", kept::add);
        leakAndHeal(pools.get(0));
        await().until(() -> threads().contains("pgheal-blocked-listeners"));
        leakAndHeal(pools.get(1));
        await().until(() -> kept.stream().anyMatch(io.pgheal.report.Incident.class::isInstance));
        leakAndHeal(pools.get(0));
    }
}
