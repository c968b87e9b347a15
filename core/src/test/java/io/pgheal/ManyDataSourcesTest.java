package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.thread.CrewSeam;
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

    private static List<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("pgheal-"))
                .toList();
    }

    private static boolean isLoop(Thread thread) {
        return thread.getName().endsWith("-loop");
    }

    /**
     * Each data source has its loop. Beside these there is a free thread for the next act, and one for its questions. Any
     * other waits for work for a limited time, and is woken here as if that were over.
     */
    private static void awaitFewThreads(int dataSources) {
        await().untilAsserted(() -> assertThat(threads())
                .filteredOn(thread -> !isLoop(thread))
                .allMatch(thread -> thread.getName().equals("pgheal-free"))
                .allMatch(thread -> thread.getState() == Thread.State.TIMED_WAITING));
        await().untilAsserted(() -> {
            CrewSeam.timeIsOver();
            List<Thread> left = threads();
            assertThat(left).hasSize(dataSources + 2);
            assertThat(left).filteredOn(ManyDataSourcesTest::isLoop).hasSize(dataSources);
        });
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

    @Test
    void haveFewThreadsWhenTheyAreWell() throws Exception {
        for (int i = 0; i < MANY; i++) {
            start("well" + i, kept::add);
        }
        awaitFewThreads(MANY);

        for (GuardedPool pool : pools) {
            leakAndHeal(pool);
        }
        // A listener is told after the journal has it.
        await().untilAsserted(() -> assertThat(kept)
                .filteredOn(io.pgheal.report.Incident.class::isInstance)
                .hasSize(MANY));
        awaitFewThreads(MANY);
    }

    @Test
    void oneThatIsClosedDisturbsNoOther() throws Exception {
        start("closed", kept::add);
        start("stays", kept::add);
        pools.remove(0).close();
        awaitFewThreads(1);
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
        await().until(() ->
                threads().stream().anyMatch(thread -> thread.getName().equals("pgheal-blocked-listeners")));
        leakAndHeal(pools.get(1));
        await().until(() -> kept.stream().anyMatch(io.pgheal.report.Incident.class::isInstance));
        leakAndHeal(pools.get(0));
    }
}
