package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.innocent.FakeTime;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.LeaseView;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** When all is well, nothing is sent to the server; and no more than needed when it is not. */
@Tag("thorough")
class QuietTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final ExecutorService worker = Executors.newFixedThreadPool(1);
    private final AtomicReference<Connection> kept = new AtomicReference<>();
    private final FakeTime time = new FakeTime();
    private GuardedPool pool;

    private void start(UnaryOperator<HealingConfig.Builder> config, Ticker ticker) throws Exception {
        pool = GuardedPool.on(SERVER, config, builder -> builder.ticker(ticker));
    }

    @AfterEach
    void stop() {
        worker.shutdownNow();
        if (pool != null) {
            pool.close();
        }
    }

    private long queries() {
        return pool.guarded.healer().queries();
    }

    /** As the loop sees it: it looks, and does what comes of it, at each of these moments. */
    private void pass(Duration all) {
        time.pass(all, Duration.ofMillis(50));
    }

    @Test
    void aConnectionWithoutATransactionWhoseThreadHasEndedIsNotAskedAbout() throws Exception {
        start(config -> config.abandonedGrace(Duration.ofMillis(50)).abandonedPatience(Duration.ofMillis(100)), time);
        kept.set(GuardedPool.byAThreadThatEnded(() -> pool.guarded.getConnection()));
        long before = queries();
        pass(Duration.ofSeconds(3));
        assertThat(queries()).isEqualTo(before);
        assertThat(pool.guarded.incidents()).isEmpty();
        kept.get().close();
    }

    /** Each is looked at five times a second while its patience lasts, but all of them in one question. */
    @Test
    void suspectsAreAskedAboutTogether() throws Exception {
        start(config -> config.abandonedGrace(Duration.ofMillis(200)).abandonedPatience(Duration.ofMinutes(1)), time);
        List<Connection> leaked = new CopyOnWriteArrayList<>();
        for (String user : List.of("alice", "bob", "carol")) {
            Thread owner = new Thread(() -> {
                try {
                    leaked.add(pool.beginLogin(user));
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            owner.start();
            owner.join();
        }
        long before = queries();
        pass(Duration.ofSeconds(3));
        assertThat(leaked).hasSize(3);
        assertThat(queries() - before).isBetween(5L, 25L);
    }

    /** By the real clock, for on the other one nothing would be old enough; and on no machine are they slow. */
    @Test
    void noBurstOfShortTransactionsIsAskedAbout() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMinutes(5)), Ticker.system());
        long before = queries();
        for (int i = 0; i < 300; i++) {
            try (Connection connection = pool.beginLogin("alice")) {
                connection.commit();
            }
        }
        assertThat(queries()).isEqualTo(before);
        assertThat(pool.logins("alice")).isEqualTo(300);
    }

    /** At 0.25, 0.5, 1 and 2 s of its age, not at each look. */
    @Test
    void aSlowStatementIsAskedAboutEverMoreSeldom() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMillis(250)), time);
        Gate gate = new Gate(SERVER);
        long before = queries();
        Future<?> slow = worker.submit(() -> {
            try (Connection connection = pool.guarded.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute(gate.statement());
            }
            return null;
        });
        await().until(() -> pool.guarded.leases().stream().anyMatch(LeaseView::callInProgress));
        pass(Duration.ofSeconds(3));
        gate.open();
        slow.get();
        assertThat(queries() - before).isBetween(4L, 5L); // a new connection is asked for its identity
    }

    @Test
    void nobodyIsSuspectedBeforeAMomentOfSilence() throws Exception {
        start(config -> config, time);
        kept.set(GuardedPool.byAThreadThatEnded(() -> pool.beginLogin("alice")));
        long before = queries();
        pass(Duration.ofMillis(150));
        assertThat(queries()).isEqualTo(before);
        pass(Duration.ofMillis(500));
        await().until(() -> queries() > before);
        kept.get().rollback();
        kept.get().close();
    }
}
