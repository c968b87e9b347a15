package io.pgheal;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pgheal.decide.HealingMode;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.report.Incident;
import io.pgheal.report.MeterId;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.Ticker;
import io.pgheal.witness.ProofMode;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The healer itself: blind, overruled, listened to, closed. */
class HealerLifeTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final List<Object> kept = Collections.synchronizedList(new ArrayList<>());
    private GuardedPool pool;

    private GuardedPool start(UnaryOperator<SelfHealingDataSource.Builder> builder) throws SQLException {
        pool = GuardedPool.on(SERVER, UnaryOperator.identity(), builder);
        return pool;
    }

    @AfterEach
    void stop() {
        if (pool != null) {
            pool.close();
        }
    }

    private void leak(String username) throws SQLException {
        try (var scope = pool.guarded.scope("leak")) {
            kept.add(pool.beginLogin(username));
        }
    }

    @Test
    void withoutAControlConnectionItStillAbortsAndClaimsNoMoreThanItSaw() throws Exception {
        start(builder -> builder.control(() -> {
            throw new SQLException("no way", "08001");
        }));
        leak("alice");
        pool.loginFromOutside("alice").get();
        Incident incident = pool.awaitIncident(OutcomeKind.RELEASED_UNVERIFIED);
        assertThat(incident.remedies()).extracting(rung -> rung.rung()).containsExactly(Rung.ABORT);
        assertThat(incident.timeToHeal()).isNull();
        assertThat(pool.guarded.healer().connected()).isFalse();
        assertThat(pool.guarded.healer().trouble()).contains("control connection");
        pool.assertAllSlotsBack();
    }

    /** The owner looks gone, and the collector is not asked: how long that has stood is what an alert goes by. */
    @Test
    void aSuspicionThatNothingProvesIsSeenOnTheMeters() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        pool = GuardedPool.on(
                SERVER,
                config -> config.abandonedGrace(Duration.ofMillis(200))
                        .abandonedPatience(Duration.ofMillis(500))
                        .proofCollector(ProofMode.WAIT),
                builder -> builder.meterRegistry(registry));
        assertThat(figure(registry, MeterId.PROOF_OUTSTANDING)).isZero();
        Thread owner = new Thread(() -> {
            try {
                kept.add(pool.beginLogin("alice"));
            } catch (SQLException e) {
                kept.add(e);
            }
        });
        owner.start();
        owner.join();

        await().until(() -> figure(registry, MeterId.PROOF_SILENT) == 1);
        await().until(() -> figure(registry, MeterId.PROOF_OUTSTANDING) > 0.5);
        assertThat(figure(registry, MeterId.RETAINED)).as("nothing is known").isZero();

        leak("bob");
        assertThat(pool.awaitIncident(OutcomeKind.HEALED).proof())
                .as("the end of its scope was proof enough")
                .isNull();

        ((Connection) kept.get(0)).close();
        await().until(() -> figure(registry, MeterId.PROOF_OUTSTANDING) == 0);
    }

    private static double figure(SimpleMeterRegistry registry, MeterId meter) {
        return registry.get(meter.meterName()).gauge().value();
    }

    /** Runs ahead when it is told to. */
    private static final class ClockAhead extends Ticker {
        volatile Duration ahead = Duration.ZERO;

        @Override
        public long nanos() {
            return super.nanos() + ahead.toNanos();
        }
    }

    @Test
    void aBackendThatSwallowsTheCancelIsTerminated() throws Exception {
        ClockAhead clock = new ClockAhead();
        start(builder -> builder.ticker(clock));
        Connection left = pool.beginLogin("alice");
        CountDownLatch ended = new CountDownLatch(1);
        Thread stuck = new Thread(() -> {
            try (Statement statement = left.createStatement()) {
                statement.execute("DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60);"
                        + " EXCEPTION WHEN query_canceled THEN PERFORM set_config('application_name', 'stubborn', false);"
                        + " END; END LOOP; END $$");
            } catch (SQLException e) {
                ended.countDown();
            }
        });
        stuck.start();
        await().until(() -> SERVER.app().sessions("state = 'active' AND query LIKE 'DO%'") == 1);
        left.abort(Runnable::run);
        assertThat(ended.await(60, SECONDS)).isTrue();
        left.close();
        await().until(() ->
                SERVER.app().sessions("application_name = 'stubborn'") == 1); // it was cancelled, and goes on
        clock.ahead = pool.guarded.config().escalationInterval().plusSeconds(1);
        pool.loginFromOutside("alice").get();
        Incident incident = pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(incident.diagnosis()).isEqualTo(DiagnosisKind.ORPHANED_BACKEND);
        assertThat(incident.remedies()).extracting(rung -> rung.rung()).containsExactly(Rung.CANCEL, Rung.TERMINATE);
        pool.assertAllSlotsBack();
    }

    @Test
    void aListenerThatThrowsOrBlocksStopsNothing() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        List<Incident> heard = Collections.synchronizedList(new ArrayList<>());
        start(builder -> builder.listener(incident -> {
                    throw new IllegalStateException("a listener's own trouble");
                })
                .listener(heard::add)
                .listener(incident -> {
                    try {
                        never.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }));
        leak("alice");
        pool.loginFromOutside("alice").get();
        leak("bob");
        pool.loginFromOutside("bob").get();
        await().until(() ->
                !heard.isEmpty() && pool.incidents(OutcomeKind.HEALED).size() == 2);
        never.countDown();
        await().until(() -> heard.size() == 2);
        pool.assertAllSlotsBack();
    }

    @Test
    void incidentsAndTheHealersStateAreMetered() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        start(builder -> builder.name("login").meterRegistry(registry));
        leak("alice");
        pool.awaitIncident(OutcomeKind.HEALED);
        await().until(() -> registry.find(MeterId.TIME_TO_HEAL.meterName()).timer() != null);
        assertThat(registry.get(MeterId.INCIDENTS.meterName())
                        .tag("data.source", "login")
                        .tag("diagnosis", "ABANDONED_TRANSACTION")
                        .tag("outcome", "HEALED")
                        .counter()
                        .count())
                .isOne();
        assertThat(registry.get(MeterId.REMEDIES.meterName())
                        .tag("rung", "ABORT")
                        .tag("helped", "true")
                        .counter()
                        .count())
                .isOne();
        assertThat(registry.get(MeterId.CONTROL_CONNECTED.meterName()).gauge().value())
                .isOne();
        assertThat(registry.get(MeterId.MODE.meterName()).gauge().value()).isEqualTo(2);
        assertThat(registry.get(MeterId.BREAKER_OPEN.meterName()).gauge().value())
                .isZero();
        assertThat(registry.get(MeterId.BUDGET.meterName())
                        .tag("budget", "certain")
                        .gauge()
                        .value())
                .isEqualTo(10 * GuardedPool.SLOTS - 1);
        assertThat(registry.get(MeterId.BUDGET.meterName())
                        .tag("budget", "signals")
                        .gauge()
                        .value())
                .isEqualTo(30);
        pool.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void aClosedHealerLeavesNoThreadAndNoSessionAndLendsAsIfItWereNotThere() throws Exception {
        start(builder -> builder.name("redeployed"));
        pool.guarded.close();
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("pgheal-")));
        await().until(() -> SERVER.app().sessions("application_name = 'pgheal-control'") == 0);
        try (Connection connection = pool.guarded.getConnection()) {
            assertThat(connection.getClass().getName()).startsWith("com.zaxxer.hikari");
        }
    }

    @Test
    void switchedOffItLendsThePoolsOwnConnectionsAndTouchesNothing() throws Exception {
        start(builder -> builder);
        pool.guarded.mode(HealingMode.OFF);
        try (Connection connection = pool.guarded.getConnection()) {
            assertThat(connection.getClass().getName()).startsWith("com.zaxxer.hikari");
        }
        pool.guarded.mode(HealingMode.HEAL);
        leak("alice");
        pool.awaitIncident(OutcomeKind.HEALED);
    }
}
