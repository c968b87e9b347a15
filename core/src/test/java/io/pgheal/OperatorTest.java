package io.pgheal;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pgheal.decide.HealingMode;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.heal.RungResult;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.TableLock;
import io.pgheal.postgres.TransactionRef;
import io.pgheal.report.HealingMeters;
import io.pgheal.report.Incident;
import io.pgheal.report.MeterId;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.track.LeaseRevokedException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an operator does by hand: looks at a table, tries it out, and ends what stands in the way. */
class OperatorTest {
    private static final String TABLE = "user_login_info";

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private final List<Connection> kept = new ArrayList<>();
    private GuardedPool pool;

    private void start(UnaryOperator<HealingConfig.Builder> config) throws SQLException {
        // Observing: pgheal does nothing by itself, an operator's act is done all the same.
        pool = GuardedPool.on(SERVER, it -> config.apply(it.mode(HealingMode.OBSERVE)));
    }

    @AfterEach
    void stop() throws SQLException {
        for (Connection connection : kept) {
            connection.close();
        }
        pool.close();
    }

    /** Another application that locks a user's row and stays idle in transaction. */
    private Connection someoneElse(String user) throws SQLException {
        Connection connection = pool.outside("report-tool");
        kept.add(connection);
        connection.setAutoCommit(false);
        GuardedPool.update(connection, user);
        return connection;
    }

    private Backend seen(int pid) throws SQLException {
        return pool.guarded.locksOn(TABLE).stream()
                .map(TableLock::backend)
                .filter(backend -> backend != null && backend.pid() == pid)
                .findFirst()
                .orElseThrow();
    }

    private TransactionRef judged(int pid) throws SQLException {
        return Objects.requireNonNull(seen(pid).transaction());
    }

    @Test
    void theRootBlockersOfATableAreFoundTriedOutAndEnded() throws Exception {
        start(config -> config);
        int foreigner = Sql.pid(someoneElse("alice"));
        int bystander = Sql.pid(someoneElse("bob"));
        CompletableFuture<Void> first = pool.loginFromOutside("alice");
        CompletableFuture<Void> second = pool.loginFromOutside("alice");
        pool.awaitLockWait(2);

        ReleaseTarget blockers = ReleaseTarget.rootBlockersOf(TABLE);
        List<ReleaseCandidate> hit = pool.guarded.wouldRelease(blockers, Release.TERMINATE);
        assertThat(hit).singleElement().satisfies(one -> {
            assertThat(one.backend().pid()).isEqualTo(foreigner);
            assertThat(one.refused()).isNull();
            assertThat(one.lease()).isNull();
            assertThat(one.waiters()).hasSize(2);
        });
        assertThat(first).as("a dry run touches nobody").isNotDone();
        assertThat(pool.guarded.wouldRelease(blockers, Release.CANCEL))
                .singleElement()
                .satisfies(one -> assertThat(one.refused()).contains("executes nothing"));

        List<Incident> done = pool.guarded.release(blockers, Release.TERMINATE, "night-watch");
        assertThat(done).singleElement().satisfies(incident -> {
            assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
            assertThat(incident.diagnosis()).isEqualTo(DiagnosisKind.OPERATORS_CHOICE);
            assertThat(incident.operator()).isEqualTo("night-watch");
            assertThat(incident.tables()).contains(TABLE);
            assertThat(incident.remedies()).extracting(RungResult::rung).containsExactly(Rung.TERMINATE);
            assertThat(Objects.requireNonNull(incident.culprit()).pid()).isEqualTo(foreigner);
        });
        first.get();
        second.get();
        assertThat(seen(bystander).isIdleInTransaction()).isTrue();
        assertThat(pool.guarded.wouldRelease(blockers, Release.TERMINATE))
                .as("nobody waits any more")
                .isEmpty();
        assertThat(pool.guarded.incidents()).containsAll(done);
    }

    @Test
    void anIdleLeaseOfOursIsFencedAndAborted() throws Exception {
        start(config -> config);
        Connection ours = pool.beginLogin("alice");
        kept.add(ours);
        CompletableFuture<Void> login = pool.loginFromOutside("alice");
        pool.awaitLockWait(1);

        Incident incident = pool.guarded
                .release(ReleaseTarget.rootBlockersOf(TABLE), Release.TERMINATE, "night-watch")
                .get(0);

        assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
        assertThat(incident.remedies()).extracting(RungResult::rung).containsExactly(Rung.ABORT);
        assertThat(incident.lease()).isNotNull();
        login.get();
        assertThatThrownBy(ours::commit)
                .isInstanceOf(LeaseRevokedException.class)
                .hasMessageContaining(incident.id());
        await().until(() -> pool.guarded.leases().isEmpty());
        assertThat(pool.guarded.mode())
                .as("an operator's act is no judgement that could be refuted")
                .isEqualTo(HealingMode.OBSERVE);
        assertThat(pool.incidents(OutcomeKind.REFUTED)).isEmpty();
    }

    /** However short it is lent, its owner is told by pgheal, and not by a connection that breaks. */
    @Test
    void aLeaseThatBeganJustNowIsKnown() throws Exception {
        start(config -> config);
        for (int i = 0; i < 20; i++) {
            Connection ours = pool.beginLogin("alice");
            kept.add(ours);
            BackendId backend = pool.guarded.locksOn(TABLE).stream()
                    .map(lock -> lock.backend().id())
                    .findFirst()
                    .orElseThrow();
            Incident incident = pool.guarded
                    .release(ReleaseTarget.session(backend), Release.TERMINATE, "night-watch")
                    .get(0);
            assertThat(incident.remedies()).extracting(RungResult::rung).containsExactly(Rung.ABORT);
            assertThatThrownBy(ours::commit).isInstanceOf(LeaseRevokedException.class);
        }
    }

    /** Whoever is in the way by then was never meant. */
    @Test
    void anActThatWasGivenUpBeforeItsTurnIsNotDoneLater() throws Exception {
        start(config -> config);
        BackendId first = judged(Sql.pid(someoneElse("alice"))).backend();
        Connection second = someoneElse("bob");
        BackendId meant = judged(Sql.pid(second)).backend();
        CountDownLatch told = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        SimpleMeterRegistry slow = new SimpleMeterRegistry();
        slow.config().onMeterAdded(meter -> {
            if (meter.getId().getName().equals(MeterId.TIME_TO_HEAL.meterName())) {
                told.countDown();
                await().until(() -> goOn.getCount() == 0);
            }
        });
        pool.guarded.metrics(HealingMeters.in(slow));
        CompletableFuture<?> busy = beside.start("operator", () -> release(first));
        assertThat(told.await(60, SECONDS)).isTrue();
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        Thread asks = new Thread(() -> {
            try {
                release(meant);
            } catch (Throwable e) {
                failed.complete(e);
            }
        });
        asks.start();
        await().until(() -> asks.getState() == Thread.State.TIMED_WAITING);
        asks.interrupt();
        assertThat(failed.get()).hasMessageContaining("interrupted");

        goOn.countDown();
        busy.get();
        pool.guarded.release(
                ReleaseTarget.session(judged(Sql.pid(someoneElse("carol"))).backend()),
                Release.TERMINATE,
                "night-watch");
        second.commit();
        assertThat(pool.logins("bob")).isEqualTo(1);
    }

    private void release(BackendId backend) {
        try {
            pool.guarded.release(ReleaseTarget.session(backend), Release.TERMINATE, "night-watch");
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    @Test
    void aTransactionThatMovedOnSinceItWasLookedAtIsNotHit() throws Exception {
        start(config -> config);
        Connection foreigner = someoneElse("alice");
        int pid = Sql.pid(foreigner);
        TransactionRef judged = judged(pid);
        foreigner.commit();
        GuardedPool.update(foreigner, "alice");

        assertThatThrownBy(
                        () -> pool.guarded.release(ReleaseTarget.transaction(judged), Release.TERMINATE, "night-watch"))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("moved on");
        foreigner.commit();
        assertThat(pool.logins("alice")).isEqualTo(2);

        GuardedPool.update(foreigner, "alice");
        List<Incident> done =
                pool.guarded.release(ReleaseTarget.session(judged.backend()), Release.TERMINATE, "night-watch");
        assertThat(done).extracting(Incident::outcome).containsExactly(OutcomeKind.HEALED);
        assertThatThrownBy(foreigner::commit).isInstanceOf(SQLException.class);
    }

    @Test
    void aRunningStatementIsCancelledAndItsSessionLivesOn() throws Exception {
        start(config -> config);
        Connection foreigner = someoneElse("alice");
        int pid = Sql.pid(foreigner);
        CompletableFuture<Void> sleeps = beside.start("sleeps", () -> Sql.run(foreigner, "SELECT pg_sleep(60)"));
        await().until(() -> seen(pid).isActive());

        List<Incident> done =
                pool.guarded.release(ReleaseTarget.transaction(judged(pid)), Release.CANCEL, "night-watch");

        assertThat(done).extracting(Incident::outcome).containsExactly(OutcomeKind.HEALED);
        assertThatThrownBy(() -> sleeps.get())
                .hasCauseInstanceOf(SQLException.class)
                .extracting(e -> ((SQLException) e.getCause()).getSQLState())
                .isEqualTo("57014");
        foreigner.rollback();
        assertThat(Sql.pid(foreigner)).isEqualTo(pid);
    }

    @Test
    void whatIsSparedOrOurOwnOrGoneIsRefused() throws Exception {
        start(config -> config.spare(Set.of(), Set.of("report-tool"), Set.of(), Set.of()));
        Connection foreigner = someoneElse("alice");
        TransactionRef judged = judged(Sql.pid(foreigner));

        Incident refused = pool.guarded
                .release(ReleaseTarget.transaction(judged), Release.TERMINATE, "night-watch")
                .get(0);
        assertThat(refused.outcome()).isEqualTo(OutcomeKind.REPORTED);
        assertThat(refused.reason()).contains("night-watch", "pgheal.spare.application-names");
        foreigner.commit();

        BackendId gone = new BackendId(judged.backend().pid(), "1999-01-01T00:00:00.000000Z");
        assertThatThrownBy(() -> pool.guarded.release(ReleaseTarget.session(gone), Release.TERMINATE, "night-watch"))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("no backend");
        assertThatThrownBy(() -> pool.guarded.release(ReleaseTarget.session(gone), Release.TERMINATE, " "))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pool.guarded.release(ReleaseTarget.session(gone), Release.TERMINATE, "a\nb"))
                .as("what goes to the log stays on its line")
                .isInstanceOf(IllegalArgumentException.class);
        foreigner.commit();
    }

    /** Anybody may call himself as we do. */
    @Test
    void aSessionThatOnlyBearsOurNameIsNotOurs() throws Exception {
        start(config -> config);
        Connection ours = pool.beginLogin("bob");
        kept.add(ours);
        String name = Sql.text(ours, "SHOW application_name");
        Connection impostor = pool.outside(name);
        kept.add(impostor);
        impostor.setAutoCommit(false);
        GuardedPool.update(impostor, "alice");
        Backend seen = seen(Sql.pid(impostor));
        assertThat(seen.applicationName()).isEqualTo(name);

        Incident incident = pool.guarded
                .release(ReleaseTarget.session(judged(seen.pid()).backend()), Release.TERMINATE, "night-watch")
                .get(0);

        assertThat(incident.lease()).isNull();
        assertThat(incident.remedies()).extracting(RungResult::rung).containsExactly(Rung.TERMINATE);
        ours.commit();
    }
}
