package io.pgheal;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.decide.HealingMode;
import io.pgheal.decide.Retained;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.report.Incident;
import io.pgheal.testserver.Garbage;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.track.LeaseRevokedException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The story without Spring: plain HikariCP and threads, on a real server. */
class StoryTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    /** What an application keeps by mistake: with this, no handle is collected. */
    private final List<Object> kept = Collections.synchronizedList(new ArrayList<>());

    private GuardedPool pool;

    private GuardedPool start(UnaryOperator<HealingConfig.Builder> config) throws SQLException {
        pool = GuardedPool.on(SERVER, config);
        return pool;
    }

    @AfterEach
    void stop() {
        if (pool != null) {
            pool.close();
        }
    }

    @Test
    void aTransactionDoesNotOutliveTheThreadThatAStackOverflowEnded() throws Exception {
        start(config -> config.abandonedPatience(Duration.ofMinutes(10)) // not before somebody waits
                .abandonedRetained(Retained.HEAL));
        Connection innocent = pool.beginLogin("bob");
        AtomicReference<Integer> pid = new AtomicReference<>();
        Thread request = new Thread(null, () -> openOrgChart("alice", pid), "request", 512 * 1024);
        request.setUncaughtExceptionHandler((thread, error) -> kept.add(error));
        request.start();
        request.join();
        assertThat(kept).anyMatch(StackOverflowError.class::isInstance);

        pool.loginFromOutside("alice").get();

        Incident incident = pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(incident.diagnosis()).isEqualTo(DiagnosisKind.ABANDONED_TRANSACTION);
        assertThat(incident.evidence()).anyMatch(evidence -> evidence.kind() == EvidenceKind.OWNER_ENDED);
        assertThat(incident.tables()).contains("user_login_info");
        assertThat(incident.culprit().pid()).isEqualTo(pid.get());
        assertThat(incident.waiters()).hasSize(1);
        assertThat(incident.remedies()).singleElement().satisfies(rung -> {
            assertThat(rung.rung()).isEqualTo(Rung.ABORT);
            assertThat(rung.helped()).isTrue();
        });
        assertThat(incident.timeToHeal()).isNotNull();
        assertThat(incident.lease().borrowStack()).anyMatch(frame -> frame.contains("StoryTest.openOrgChart"));
        assertThat(incident.lease().lastStatements()).anyMatch(sql -> sql.startsWith("UPDATE user_login_info"));
        assertThat(pool.logins("alice")).isOne();

        innocent.commit();
        innocent.close();
        assertThat(pool.logins("bob")).isOne();
        pool.assertAllSlotsBack();
    }

    /** Clean-up as it is so often written: for exceptions only. */
    private void openOrgChart(String username, AtomicReference<Integer> pid) {
        Connection connection = null;
        try {
            connection = pool.guarded.getConnection();
            pid.set(Sql.pid(connection));
            connection.setAutoCommit(false);
            GuardedPool.update(connection, username);
            kept.add(connection);
            int depth = reportsOf(username, 0);
            connection.commit();
            connection.close();
            throw new AssertionError("no overflow at depth " + depth);
        } catch (Exception e) {
            try {
                connection.rollback();
                connection.close();
            } catch (SQLException onTheWay) {
                e.addSuppressed(onTheWay);
            }
        }
    }

    @SuppressWarnings("InfiniteRecursion")
    private int reportsOf(String manager, int depth) {
        return reportsOf(manager, depth + 1) + 1;
    }

    @Test
    void aCollectedHandleIsHealedAtOnceAlthoughNobodyWaits() throws Exception {
        start(config -> config);
        leakAndForget();
        Garbage.collectUntil(() -> !pool.incidents(OutcomeKind.HEALED).isEmpty());
        Incident incident = pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(incident.evidence().get(0).kind()).isEqualTo(EvidenceKind.HANDLE_UNREACHABLE);
        assertThat(incident.evidence().get(0).strength()).isEqualTo(Strength.CERTAIN);
        assertThat(incident.tables()).contains("user_login_info");
        pool.assertAllSlotsBack();
        assertThat(pool.logins("alice")).isZero();
    }

    private Void leakAndForget() throws SQLException {
        pool.beginLogin("alice");
        return null;
    }

    /** By all defaults: nobody collects but the collector, because it is asked. */
    @Test
    void whatAWorkerForgotIsProvenWhenSomebodyWaits() throws Exception {
        start(config -> config);
        ExecutorService executor = Executors.newFixedThreadPool(1);
        try {
            executor.submit(() -> leakAndForget()).get();
            pool.login("alice").get();
            Incident incident = pool.awaitIncident(OutcomeKind.HEALED);
            assertThat(incident.evidence().get(0).kind()).isEqualTo(EvidenceKind.HANDLE_UNREACHABLE);
            assertThat(incident.proof().answered()).isPositive();
        } finally {
            executor.shutdownNow();
        }
        pool.assertAllSlotsBack();
    }

    @Test
    void aScopeOfTheApplicationsOwnIsProofAndNeedsNoGrace() throws Exception {
        start(config -> config.abandonedGrace(Duration.ofMinutes(5)).abandonedPatience(Duration.ofMinutes(10)));
        try (var scope = pool.guarded.scope("nightly-import")) {
            kept.add(pool.beginLogin("alice"));
        }
        Incident incident = pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(incident.evidence().get(0).kind()).isEqualTo(EvidenceKind.SCOPE_ENDED);
        assertThat(incident.evidence().get(0).strength()).isEqualTo(Strength.CERTAIN);
        assertThat(incident.evidence().get(0).detail()).contains("nightly-import");
        pool.assertAllSlotsBack();
    }

    @Test
    void aLiveOwnerIsToldOfAndSpared() throws Exception {
        start(config -> config.abandonedGrace(Duration.ofMillis(200))
                .abandonedPatience(Duration.ofMillis(400))
                .abandonedRetained(Retained.HEAL));
        Connection slow = pool.beginLogin("alice");
        CompletableFuture<Void> waiter = pool.login("alice");
        Incident incident = pool.awaitIncident(OutcomeKind.REPORTED);
        assertThat(incident.diagnosis()).isEqualTo(DiagnosisKind.STUCK_LOCK);
        assertThat(incident.tables()).containsExactly("user_login_info");
        assertThat(incident.reason()).contains("owner looks alive").contains("idle-blocker-timeout");
        try (SideBySide beside = new SideBySide()) {
            beside.start("leaver", () -> kept.add(pool.beginLogin("carol"))).get();
        }
        Incident later =
                pool.awaitIncident(OutcomeKind.HEALED); // by now the patience with the owner would be over, too
        assertThat(waiter).isNotDone();
        slow.commit();
        slow.close();
        waiter.get();
        assertThat(pool.logins("alice")).isEqualTo(2);
        assertThat(pool.incidents(OutcomeKind.HEALED)).containsExactly(later);
        pool.assertAllSlotsBack();
    }

    @Test
    void atTheUsersSayAnIdleBlockerIsEndedAndItsLateCodeIsTold() throws Exception {
        start(config -> config.table("user_login_info", rule -> rule.idleBlockerTimeout(Duration.ofSeconds(1))));
        Connection slow = pool.beginLogin("alice");
        PreparedStatement late = slow.prepareStatement("SELECT 1");
        pool.login("alice").get();
        Incident incident = pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(incident.diagnosis()).isEqualTo(DiagnosisKind.STUCK_LOCK);
        assertThat(incident.reason()).contains("idle-blocker-timeout of 1000 ms");

        assertThatThrownBy(slow::commit)
                .isInstanceOf(LeaseRevokedException.class)
                .hasMessageContaining(incident.id())
                .satisfies(e -> assertThat(((SQLException) e).getSQLState()).isEqualTo("40000"));
        assertThatThrownBy(late::executeQuery).isInstanceOf(LeaseRevokedException.class);
        assertThat(slow.isClosed()).isTrue();
        assertThat(slow.isValid(1)).isFalse();
        slow.close();
        slow.close();
        assertThat(pool.logins("alice")).isOne();
        // The user's say is no judgement about the owner: nothing was refuted.
        assertThat(pool.guarded.mode()).isEqualTo(HealingMode.HEAL);
        pool.assertAllSlotsBack();
    }

    @Test
    void atTheUsersSayAStatementThatRunsTooLongIsCancelled() throws Exception {
        start(config -> config.activeBlockerTimeout(Duration.ofSeconds(1)));
        Connection busy = pool.beginLogin("alice");
        CompletableFuture<Throwable> end = beside.start("owner", () -> {
            try (var statement = busy.createStatement()) {
                statement.execute("SELECT pg_sleep(60)");
                return null;
            } catch (SQLException e) {
                return e;
            }
        });
        pool.login("alice").get();
        assertThat(((SQLException) end.get()).getSQLState()).isEqualTo("57014");
        Incident incident = pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(incident.remedies()).extracting(rung -> rung.rung()).containsExactly(Rung.CANCEL);
        busy.rollback();
        busy.close();
        pool.assertAllSlotsBack();
    }

    @Test
    void aForeignSessionIsToldOfAndNeverTouched() throws Exception {
        start(config -> config);
        try (Connection foreign = pool.outside("psql")) {
            foreign.setAutoCommit(false);
            GuardedPool.update(foreign, "alice");
            CompletableFuture<Void> waiter = pool.login("alice");
            Incident incident = pool.awaitIncident(OutcomeKind.REPORTED);
            assertThat(incident.diagnosis()).isEqualTo(DiagnosisKind.FOREIGN_BLOCKER);
            assertThat(incident.culprit().applicationName()).isEqualTo("psql");
            assertThat(incident.reason()).contains("never touched");
            foreign.commit();
            waiter.get();
        }
        assertThat(pool.incidents(OutcomeKind.HEALED)).isEmpty();
        pool.assertAllSlotsBack();
    }

    @Test
    void observeModeTellsWhatItWouldHaveDoneAndWhenThatWouldHaveBeenWrong() throws Exception {
        start(config -> config.mode(HealingMode.OBSERVE)
                .abandonedGrace(Duration.ofMillis(300))
                .abandonedRetained(Retained.HEAL));
        Connection handedOver = handedOverByAThreadThatEnded();
        CompletableFuture<Void> waiter = pool.login("alice");
        Incident incident = pool.awaitIncident(OutcomeKind.WOULD_HEAL);
        assertThat(incident.reason()).contains("pgheal.mode is observe");
        assertThat(waiter).isNotDone();

        GuardedPool.update(handedOver, "bob");
        handedOver.commit();
        handedOver.close();
        waiter.get();
        assertThat(pool.awaitIncident(OutcomeKind.REFUTED).id()).isEqualTo(incident.id());
        assertThat(pool.logins("bob")).isOne();
        pool.assertAllSlotsBack();
    }

    @Test
    void aWrongHealIsNoticedAndStopsTheHealing() throws Exception {
        start(config -> config.abandonedGrace(Duration.ofMillis(300)).abandonedRetained(Retained.HEAL));
        Connection handedOver = handedOverByAThreadThatEnded();
        pool.login("alice").get();
        Incident healed = pool.awaitIncident(OutcomeKind.HEALED);
        assertThatThrownBy(() -> GuardedPool.update(handedOver, "alice")).isInstanceOf(LeaseRevokedException.class);
        assertThat(pool.awaitIncident(OutcomeKind.REFUTED).id()).isEqualTo(healed.id());
        await().until(() -> pool.guarded.mode() == HealingMode.OBSERVE);
        pool.assertAllSlotsBack();
    }

    private Connection handedOverByAThreadThatEnded() throws Exception {
        AtomicReference<Connection> handedOver = new AtomicReference<>();
        try (SideBySide leaver = new SideBySide()) {
            leaver.start("leaver", () -> handedOver.set(pool.beginLogin("alice")))
                    .get();
        }
        return handedOver.get();
    }

    @Test
    void aBackendThatALeaseLeftBehindWaitingIsEnded() throws Exception {
        start(config -> config);
        Connection holder = pool.outside("psql");
        holder.setAutoCommit(false);
        GuardedPool.update(holder, "bob");

        Connection left = pool.beginLogin("alice");
        CountDownLatch ended = new CountDownLatch(1);
        Thread stuck = new Thread(() -> {
            try {
                GuardedPool.update(left, "bob");
            } catch (SQLException e) {
                ended.countDown();
            }
        });
        stuck.start();
        pool.awaitLockWait(1);
        left.abort(Runnable::run);
        assertThat(ended.await(60, SECONDS)).isTrue();
        left.close();

        // Its backend waits for bob's row and holds alice's; no client can reach it any more.
        pool.loginFromOutside("alice").get();
        Incident incident = pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(incident.diagnosis()).isEqualTo(DiagnosisKind.ORPHANED_BACKEND);
        assertThat(incident.remedies().get(0).rung()).isEqualTo(Rung.CANCEL);
        holder.rollback();
        holder.close();
        pool.assertAllSlotsBack();
    }

    @Test
    void anIdleSlotOfADeadThreadComesBackWhenThePoolIsExhausted() throws Exception {
        start(config -> config.abandonedGrace(Duration.ofMillis(300)).abandonedRetained(Retained.HEAL));
        for (int i = 0; i < GuardedPool.SLOTS; i++) {
            Thread thread = new Thread(() -> {
                try {
                    kept.add(pool.guarded.getConnection());
                } catch (SQLException e) {
                    kept.add(e);
                }
            });
            thread.start();
            thread.join();
        }
        pool.login("alice").get();
        pool.awaitIncident(OutcomeKind.HEALED); // told after the slot is back
    }

    /** By all defaults, on a thread that lives on: nothing is suspected, and nothing locked. */
    @Test
    void slotsThatWereForgottenComeBackWhenThePoolIsExhausted() throws Exception {
        start(config -> config);
        for (int i = 0; i < GuardedPool.SLOTS; i++) {
            forgetASlot();
        }
        pool.login("alice").get();
        Incident incident = pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(incident.diagnosis()).isEqualTo(DiagnosisKind.ABANDONED_CONNECTION);
        assertThat(incident.evidence().get(0).kind()).isEqualTo(EvidenceKind.HANDLE_UNREACHABLE);
        pool.assertAllSlotsBack();
    }

    /** They are all in somebody's hands, and nobody is suspected. */
    @Test
    void thatSomebodyWaitsForASlotIsReasonEnoughToAsk() throws Exception {
        start(config -> config);
        List<Connection> all = new ArrayList<>();
        while (all.size() < GuardedPool.SLOTS) {
            all.add(pool.guarded.getConnection());
        }
        CompletableFuture<Void> waits = pool.login("alice");
        await().until(() -> pool.guarded.healer().proof().asked() > 0);
        assertThat(waits).isNotDone();
        for (Connection each : all) {
            each.close();
        }
        waits.get();
        assertThat(pool.incidents(OutcomeKind.HEALED)).isEmpty();
        pool.assertAllSlotsBack();
    }

    private void forgetASlot() throws SQLException {
        pool.guarded.getConnection();
    }
}
