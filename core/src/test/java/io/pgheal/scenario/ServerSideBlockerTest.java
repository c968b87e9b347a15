package io.pgheal.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What stands in the way is no session, not a client's, of several processes, or a commit that waits for its standby. */
@Tag("thorough")
class ServerSideBlockerTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.dedicated()
            .config("max_prepared_transactions", "5")
            .config("deadlock_timeout", "60s") // after it the server itself ends an autovacuum that is in the way
            .config("autovacuum_naptime", "1s")
            .config("max_parallel_workers_per_gather", "2");

    private Scene scene;

    @BeforeEach
    void open() throws Exception {
        scene = Scene.on(SERVER);
    }

    @AfterEach
    void close() throws Exception {
        scene.close();
    }

    private Scene guardWithLimits() throws Exception {
        return scene.guard(config ->
                config.idleBlockerTimeout(Duration.ofMillis(400)).activeBlockerTimeout(Duration.ofMillis(400)));
    }

    /** No backend has its locks. It is somebody's promise: whoever prepared it is asked by name, once. */
    @Test
    void preparedTransaction() throws Exception {
        guardWithLimits();
        scene.beginOutside(Scene.update("alice"), "PREPARE TRANSACTION 'payment-17'")
                .setAutoCommit(true);
        try {
            Stuck row = scene.ours(Scene.update("alice"));
            Told told = scene.reported(0);
            told.as(DiagnosisKind.FOREIGN_BLOCKER)
                    .noEvidence()
                    .tables("login")
                    .waiters(1)
                    .rowWaiter(row, true, "login")
                    .because("prepared transaction 'payment-17'", "ROLLBACK PREPARED by its owner");
            assertThat(told.incident().culprit()).isNull();

            // More who wait, and later looks at the same: still one story.
            Stuck table = scene.ours("ALTER TABLE login ADD COLUMN extra int");
            Stuck behind = scene.ours("SELECT * FROM login");
            long asked = scene.guarded().healer().queries();
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> scene.guarded().healer().queries() >= asked + 4);
            told.leftAlone();
            assertThat(scene.admin("SELECT gid FROM pg_prepared_xacts")).isEqualTo("payment-17");
            scene.setUp("COMMIT PREPARED 'payment-17'");
            row.goesOn();
            table.goesOn();
            behind.goesOn();
        } finally {
            if (!scene.admin("SELECT gid FROM pg_prepared_xacts").isEmpty()) {
                scene.setUp("ROLLBACK PREPARED 'payment-17'");
            }
        }
    }

    @Test
    void severalPreparedTransactions() throws Exception {
        scene.guard();
        scene.beginOutside(Scene.update("alice"), "PREPARE TRANSACTION 'a-1'");
        scene.beginOutside(Scene.update("bob"), "PREPARE TRANSACTION 'b-2'");
        try {
            Stuck both = scene.ours("UPDATE login SET n = 7 WHERE username IN ('alice', 'bob')");
            scene.reported(0)
                    .because("prepared transaction '")
                    .rowWaiter(both, true, "login")
                    .leftAlone();
            Stuck table = scene.ours("ALTER TABLE login ADD COLUMN extra int");
            assertThat(table.isOver()).isFalse();
        } finally {
            scene.setUp("ROLLBACK PREPARED 'a-1'", "ROLLBACK PREPARED 'b-2'");
        }
    }

    /** It is slow on purpose here. The server ends it by itself when its time has come. */
    @Test
    void autovacuum() throws Exception {
        scene.guard(
                8,
                "",
                config ->
                        config.idleBlockerTimeout(Duration.ofMillis(400)).activeBlockerTimeout(Duration.ofMillis(400)),
                builder -> builder.controlDataSource(scene.superuser().dataSource()));
        isInTheWay(awaitAutovacuum())
                .holds("busy", "ShareUpdateExclusiveLock")
                .because("process of the server: autovacuum worker")
                .leftAlone();
    }

    /** A plain role does not even see what it is. */
    @Test
    void autovacuumThatIsHidden() throws Exception {
        guardWithLimits();
        isInTheWay(awaitAutovacuum()).because("hidden from pgheal's role").leftAlone();
    }

    private int awaitAutovacuum() throws Exception {
        scene.setUp(
                "CREATE TABLE busy (id int, filler text) WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor"
                        + " = 0, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)",
                "INSERT INTO busy SELECT i, repeat('x', 500) FROM generate_series(1, 20000) i",
                "DELETE FROM busy WHERE id % 2 = 0");
        return Integer.parseInt(await().atMost(Duration.ofSeconds(60))
                .until(
                        () -> scene.admin(
                                "SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.relation ="
                                        + " 'busy'::regclass AND l.granted AND a.backend_type = 'autovacuum worker'"),
                        pid -> !pid.isEmpty()));
    }

    private Told isInTheWay(int worker) throws Exception {
        Stuck waiter = scene.ours("ALTER TABLE busy ADD COLUMN extra int");
        Told told = scene.reported(worker);
        scene.letTheIdleLimitPass();
        return told.as(DiagnosisKind.FOREIGN_BLOCKER)
                .noEvidence()
                .tables("busy")
                .waiters(1)
                .waiter(waiter, true, "busy", "relation", "AccessExclusiveLock");
    }

    private static final String PARALLEL = "SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0;"
            + " SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = ";

    private void someRows() throws Exception {
        scene.setUp(
                "CREATE TABLE big (id int)",
                "INSERT INTO big SELECT generate_series(1, 10000)",
                "ANALYZE big",
                "CREATE TABLE side (id int)",
                "CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql PARALLEL SAFE AS"
                        + " 'BEGIN PERFORM pg_sleep(0.2); RETURN $1; END'",
                "CREATE FUNCTION looks_aside(int) RETURNS int LANGUAGE plpgsql PARALLEL SAFE AS"
                        + " 'BEGIN PERFORM 1 FROM side; RETURN $1; END'");
    }

    /** PostgreSQL names the leader once for each of its processes: it is one culprit. */
    @Test
    void parallelQueryInTheWay() throws Exception {
        someRows();
        scene.guard(config -> config.activeBlockerTimeout(Duration.ofSeconds(1)));
        Connection leader = scene.leak(PARALLEL + "on");
        int culprit = Sql.pid(leader);
        FutureTask<Void> query = Owner.platform().start(() -> {
            Sql.run(leader, "SELECT count(slow(id)) FROM big");
            return null;
        });
        await().until(() -> scene.admin("SELECT count(*) FROM pg_stat_activity WHERE leader_pid = " + culprit)
                .equals("2"));
        Stuck waiter = scene.ours("ALTER TABLE big ADD COLUMN extra int");
        waiter.goesOn();
        scene.healed(culprit)
                .as(DiagnosisKind.STUCK_LOCK)
                .noEvidence()
                .state("active")
                .tables("big")
                .waiters(1)
                .waiter(waiter, true, "big", "relation", "AccessExclusiveLock")
                .because("active-blocker-timeout of 1000 ms")
                .healedBy(Rung.CANCEL);
        assertThat(query).failsWithin(Duration.ofSeconds(30));
        assertThat(scene.guarded().incidents())
                .extracting(incident -> incident.culprit().pid())
                .containsOnly(culprit);
    }

    /** Its workers wait, and it for them: one waiter, under the pid by which the application knows it. */
    @Test
    void parallelQueryThatWaits() throws Exception {
        someRows();
        scene.guard();
        Owner owner = Owner.platform();
        int culprit = owner.run(() -> Sql.pid(scene.leak("LOCK TABLE side IN ACCESS EXCLUSIVE MODE")));
        Connection connection = scene.guarded().getConnection();
        Sql.run(connection, PARALLEL + "off");
        Stuck waiter = new Stuck(connection, Sql.pid(connection), "SELECT count(looks_aside(id)) FROM big");
        await().until(() -> scene.admin(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND leader_pid = "
                                + waiter.pid())
                .equals("2"));
        scene.reported(culprit)
                .as(DiagnosisKind.STUCK_LOCK)
                .waiters(1)
                .waiter(waiter, true, "side", "relation", "AccessShareLock");
        assertThat(scene.guarded().blockingTree().waiters())
                .extracting(each -> each.pid())
                .containsExactly(waiter.pid());
        owner.end();
        waiter.goesOn();
        scene.healed(culprit)
                .as(DiagnosisKind.ABANDONED_TRANSACTION)
                .onlyEvidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION)
                .tables("side")
                .waiters(1)
                .waiter(waiter, true, "side", "relation", "AccessShareLock")
                .healedBy(Rung.ABORT);
    }

    // ---- a commit that waits for its standby

    private void waitForAStandby(boolean yes) throws Exception {
        scene.admin(
                yes
                        ? "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
                        : "ALTER SYSTEM RESET synchronous_standby_names");
        scene.admin("SELECT pg_reload_conf()");
    }

    private void awaitSyncRep(int pid) {
        await().until(() -> scene.admin("SELECT wait_event FROM pg_stat_activity WHERE pid = " + pid)
                .equals("SyncRep"));
    }

    /** It is durable here and not yet there. Whoever ended the wait would report as done what may get lost. */
    @Test
    void commitThatWaitsForItsStandby() throws Exception {
        guardWithLimits();
        Connection connection = scene.leak("SET synchronous_commit = on", Scene.update("alice"));
        int culprit = Sql.pid(connection);
        waitForAStandby(true);
        FutureTask<Void> commit;
        try {
            await().until(() ->
                    Scene.ask(connection, "SHOW synchronous_standby_names").equals("nobody"));
            commit = Owner.platform().start(() -> {
                connection.commit();
                return null;
            });
            awaitSyncRep(culprit);
            Stuck waiter = scene.ours(Scene.update("alice") + " RETURNING n");
            Told told = scene.reported(culprit);
            long asked = scene.guarded().healer().queries();
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> scene.guarded().healer().queries() >= asked + 4);
            told.as(DiagnosisKind.STUCK_LOCK)
                    .noEvidence()
                    .tables("login")
                    .rowWaiter(waiter, true, "login")
                    .because("it is committing, or waits for its standby")
                    .leftAlone();
            assertThat(commit).isNotDone();
        } finally {
            waitForAStandby(false);
        }
        commit.get();
        assertThat(scene.admin("SELECT n >= 1 FROM login WHERE username = 'alice'"))
                .isEqualTo("t");
    }

    /** No client can reach it any more, and it is committing all the same. */
    @Test
    void orphanThatWaitsForItsStandby() throws Exception {
        scene.guard();
        Connection connection = scene.leak("SET synchronous_commit = on", Scene.update("alice"));
        int culprit = Sql.pid(connection);
        waitForAStandby(true);
        try {
            await().until(() ->
                    Scene.ask(connection, "SHOW synchronous_standby_names").equals("nobody"));
            Owner.platform().start(() -> {
                connection.commit();
                return null;
            });
            awaitSyncRep(culprit);
            connection.abort(Runnable::run);
            scene.reported(culprit)
                    .as(DiagnosisKind.ORPHANED_BACKEND)
                    .because("it is committing, or waits for its standby")
                    .leftAlone();
            assertThat(scene.incidents(OutcomeKind.HEALED)).isEmpty();
        } finally {
            waitForAStandby(false);
        }
        await().until(() ->
                scene.admin("SELECT n FROM login WHERE username = 'alice'").equals("1"));
    }
}
