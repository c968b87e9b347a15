package io.pgheal.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.decide.Retained;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.report.Incident;
import io.pgheal.testserver.FaultProxy;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.LeaseRevokedInDoubtException;
import io.pgheal.track.LeaseScope;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.jdbc.PgConnection;

/** Leases that look abandoned, or are, of which pgheal cannot be sure: told to those who wait, not touched. */
class SparedLeaseTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private Scene scene;

    @BeforeEach
    void open() throws Exception {
        scene = Scene.on(SERVER);
    }

    @AfterEach
    void close() throws Exception {
        scene.close();
    }

    @Test
    void unwrapped() throws Exception {
        scene.guard();
        Owner owner = Owner.platform();
        int pid = owner.run(() -> {
            Connection connection = scene.leak(Scene.update("alice"));
            return connection.unwrap(PgConnection.class).getBackendPID();
        });
        Stuck waiter = scene.ours(Scene.update("alice"));
        owner.end();
        scene.letTheGracePass(() -> scene.guarded().getConnection());
        scene.reported(pid)
                .as(DiagnosisKind.STUCK_LOCK)
                .noEvidence()
                .tables("login")
                .rowWaiter(waiter, true, "login")
                .because("its owner looks alive", "no time limit is set")
                .leftAlone();
        assertThat(waiter.isOver()).isFalse();
    }

    /** What another thread used may be at work there. */
    @Test
    void moved() throws Exception {
        scene.guard();
        Owner borrower = Owner.platform();
        Connection connection = borrower.run(() -> scene.leak(Scene.update("alice")));
        Owner other = Owner.platform();
        int pid = other.run(() -> Sql.pid(connection));
        Stuck waiter = scene.ours(Scene.update("alice"));
        borrower.end();
        other.end();
        scene.letTheGracePass(() -> scene.guarded().getConnection());
        scene.reported(pid)
                .as(DiagnosisKind.STUCK_LOCK)
                .noEvidence()
                .rowWaiter(waiter, true, "login")
                .leftAlone();
    }

    /** That leases of a unit of work were seen to move is remembered: the next one may be handed over, too. */
    @Test
    void ofWorkWhoseLeasesMove() throws Exception {
        scene.guard(config -> config.abandonedRetained(Retained.REPORT));
        Owner first = Owner.platform();
        Connection moved = first.run(() -> {
            try (LeaseScope scope = scene.guarded().frameworkScope("POST /import")) {
                return borrowHere();
            }
        });
        Sql.run(moved, "SELECT 1");
        moved.close();
        assertThat(scene.guarded().movingWork()).containsExactly("POST /import");

        Owner second = Owner.platform();
        int pid = second.run(() -> {
            try (LeaseScope scope = scene.guarded().frameworkScope("POST /import")) {
                Connection connection = borrowHere();
                scene.kept.add(connection);
                Sql.run(connection, Scene.update("alice"));
                scope.failed(new IllegalStateException("409"));
                return Sql.pid(connection);
            }
        });
        Stuck waiter = scene.ours(Scene.update("alice"));
        scene.reported(pid)
                .as(DiagnosisKind.ABANDONED_TRANSACTION)
                .onlyEvidence(EvidenceKind.SCOPE_ENDED, Strength.SUSPICION)
                .rowWaiter(waiter, true, "login")
                .because("retained: ")
                .leftAlone();
        assertThat(waiter.isOver()).isFalse();
        second.end();
    }

    private Connection borrowHere() throws Exception {
        Connection connection = scene.guarded().getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    /** Nothing is locked by it; its slot is missed only once the pool is exhausted. */
    @Test
    void withoutATransactionUntilThePoolIsExhausted() throws Exception {
        scene.guard(3, "", config -> config, builder -> builder);
        AtomicReference<Connection> lost = new AtomicReference<>();
        List<Integer> idle = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Owner owner = Owner.platform();
            idle.add(owner.run(() -> {
                Connection connection = scene.guarded().getConnection();
                scene.kept.add(connection);
                lost.set(connection);
                return Sql.pid(connection);
            }));
            owner.end();
        }
        scene.letTheGracePass(() -> scene.guarded().getConnection());
        assertThat(scene.guarded().incidents()).hasSize(1);
        assertThat(scene.guarded().healer().leases()).isEqualTo(2);

        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            all.add(scene.guarded().getConnection());
        }
        scene.kept.add(all);
        for (int pid : idle) {
            scene.healed(pid)
                    .as(DiagnosisKind.ABANDONED_CONNECTION)
                    .onlyEvidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION)
                    .waiters(0)
                    .because("its owner looks gone, and somebody waits")
                    .healedBy(Rung.ABORT);
        }
        // Nothing of it was rolled back: what it did without a transaction is not to be repeated.
        assertThatThrownBy(() -> lost.get().createStatement())
                .isInstanceOfSatisfying(
                        LeaseRevokedInDoubtException.class,
                        late -> assertThat(late.getSQLState()).isEqualTo("08007"));
    }

    /** The text of the statement does not show the lock; and the whole story is late, because a catalog that it reads is locked. */
    @Test
    void whetherItMayLeadIsKnownHoweverLateTheWholeStoryIs() throws Exception {
        scene.setUp("CREATE FUNCTION lead() RETURNS void LANGUAGE sql AS 'SELECT pg_advisory_xact_lock(4711)'");
        scene.guard(config -> config.diagnosisDeadline(Duration.ofSeconds(2)));
        Told told;
        try (Connection locker = scene.outside(scene.superuser(), "locker")) {
            locker.setAutoCommit(false);
            int pid;
            try (LeaseScope scope = scene.guarded().scope("leader")) {
                assertThat(scope).isNotNull();
                Connection connection = scene.leak("SELECT lead()");
                pid = Sql.pid(connection);
                Sql.run(locker, "LOCK TABLE pg_catalog.pg_namespace IN ACCESS EXCLUSIVE MODE");
            }
            told = scene.reported(pid).because("it holds an advisory lock");
        }
        told.leftAlone();
    }

    /** Its end helps those who wait for its row: that they wait is seen, however slow the network. */
    @Test
    void whoMayLeadIsHealedForThoseWhoWaitForItsRowsHoweverLateTheStoryIs() throws Exception {
        try (FaultProxy slow = FaultProxy.to(SERVER.url())) {
            scene.guard(
                    3,
                    "",
                    config -> config.diagnosisDeadline(Duration.ofMillis(50)),
                    builder -> builder.control(
                            ControlSettings.of(slow.url(SERVER.url()), SERVER.user(), SERVER::password)));
            slow.delay(Duration.ofMillis(300));
            int pid;
            try (LeaseScope scope = scene.guarded().scope("leader")) {
                assertThat(scope).isNotNull();
                Connection connection = scene.leak(Scene.update("alice"), "SELECT pg_advisory_xact_lock(4711)");
                pid = Sql.pid(connection);
            }
            scene.reported(pid).because("it holds an advisory lock");
            Stuck waiter = scene.foreign(Scene.update("alice"));
            scene.healed(pid);
            waiter.goesOn();
            scene.guarded().close(); // before its network
        }
    }

    @Test
    void aSparedTableIsKnownBeforeTheHealHoweverLateTheStoryIs() throws Exception {
        scene.guard(config -> config.diagnosisDeadline(Duration.ofSeconds(1))
                .spare(Set.of(), Set.of(), Set.of(), Set.of("public.login")));
        try (Connection locker = scene.outside(scene.superuser(), "locker")) {
            locker.setAutoCommit(false);
            try (LeaseScope scope = scene.guarded().scope("batch")) {
                assertThat(scope).isNotNull();
                scene.leak(Scene.update("alice"));
                Sql.run(locker, "LOCK TABLE pg_catalog.pg_namespace IN ACCESS EXCLUSIVE MODE");
            }
            await().until(() -> !scene.guarded().incidents().isEmpty());
            assertThat(scene.guarded().incidents())
                    .extracting(Incident::outcome)
                    .containsOnly(OutcomeKind.WOULD_HEAL);
        }
    }

    /** A leader that holds its lock in a transaction, and followers that wait to take over. */
    @Test
    void onlyAdvisoryLocksAreWaitedFor() throws Exception {
        scene.guard();
        Owner owner = Owner.platform();
        int pid = owner.run(() -> Sql.pid(scene.leak("SELECT pg_advisory_xact_lock(42)")));
        Stuck ours = scene.ours("SELECT pg_advisory_lock(42)");
        Stuck foreign = scene.foreign("SELECT pg_advisory_lock(42)");
        owner.end();
        scene.letTheGracePass(() -> scene.guarded().getConnection());
        await().until(() -> scene.incidents(OutcomeKind.REPORTED).stream()
                .anyMatch(incident -> incident.diagnosis() == DiagnosisKind.ABANDONED_TRANSACTION));
        Told told = scene.reported(pid);
        told.as(DiagnosisKind.ABANDONED_TRANSACTION)
                .onlyEvidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION)
                .tables()
                .tableUnknown(false)
                .holds(null, "ExclusiveLock")
                .waiters(2)
                .waiter(ours, true, null, "advisory", "ExclusiveLock")
                .waiter(foreign, false, null, "advisory", "ExclusiveLock")
                .because("only advisory locks are waited for");
        assertThat(ours.isOver()).isFalse();
        assertThat(foreign.isOver()).isFalse();
    }

    /**
     * The lock belongs to the session: there is no transaction that could outlive its owner. A limit for statements that
     * run, or for idle transactions, does not apply either: this session does neither.
     */
    @Test
    void advisoryLockOfAnIdleSession() throws Exception {
        scene.guard(config ->
                config.idleBlockerTimeout(Duration.ofMillis(500)).activeBlockerTimeout(Duration.ofMillis(500)));
        Connection leader = scene.guarded().getConnection();
        scene.kept.add(leader);
        Sql.run(leader, "SELECT pg_advisory_lock(42)");
        int pid = Sql.pid(leader);
        Stuck waiter = scene.ours("SELECT pg_advisory_lock(42)");
        Told told = scene.reported(pid);
        scene.letTheIdleLimitPass();
        told.as(DiagnosisKind.STUCK_LOCK)
                .noEvidence()
                .tables()
                .tableUnknown(false)
                .state("idle")
                .holds(null, "ExclusiveLock")
                .waiter(waiter, true, null, "advisory", "ExclusiveLock")
                .because("no transaction is open", "belongs to its session")
                .leftAlone();
        Sql.run(leader, "SELECT pg_advisory_unlock(42)");
        waiter.goesOn();
    }

    /** Its thread is gone, its session's lock is not: there is no transaction to be judged, but who waits is told. */
    @Test
    void advisoryLockOfAnIdleSessionWhoseOwnerEnded() throws Exception {
        scene.guard();
        Owner owner = Owner.platform();
        int pid = owner.run(() -> {
            Connection leader = scene.guarded().getConnection();
            scene.kept.add(leader);
            Sql.run(leader, "SELECT pg_advisory_lock(42)");
            return Sql.pid(leader);
        });
        owner.end();
        Stuck waiter = scene.ours("SELECT pg_advisory_lock(42)");
        Told told = scene.reported(pid);
        scene.letTheGracePass(() -> scene.guarded().getConnection());
        told.as(DiagnosisKind.STUCK_LOCK)
                .state("idle")
                .waiter(waiter, true, null, "advisory", "ExclusiveLock")
                .because("belongs to its session")
                .leftAlone();
    }
}
