package io.pgheal.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.testserver.Login;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server whose messages nobody parses: what is found out, decided and done rests on SQLSTATEs, states and catalogs. */
@Tag("thorough")
class GermanServerTest {
    @RegisterExtension
    static final InstalledServer SERVER = new InstalledServer("de");

    private Scene scene;

    @BeforeEach
    void open() throws Exception {
        scene = Scene.at(SERVER.url(), InstalledServer.SUPERUSER);
        scene.admin("DROP TABLE IF EXISTS login");
        scene.withLogins();
    }

    @AfterEach
    void close() throws Exception {
        scene.close();
    }

    @Test
    void speaksGerman() {
        assertThatThrownBy(() -> scene.admin("SELECT 1 / 0")).hasMessageContaining("Division durch Null");
    }

    @Test
    void abandonedRowLock() throws Exception {
        scene.guard();
        Owner owner = Owner.platform();
        int culprit = owner.run(() -> Sql.pid(scene.leak(Scene.update("alice"))));
        Stuck ours = scene.ours(Scene.update("alice"));
        Stuck foreign = scene.foreign(Scene.update("alice"));
        owner.end();
        ours.goesOn();
        foreign.goesOn();
        scene.healed(culprit)
                .as(DiagnosisKind.ABANDONED_TRANSACTION)
                .onlyEvidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION)
                .tables("login")
                .tableUnknown(false)
                .holds("login", "RowExclusiveLock")
                .waiters(2)
                .rowWaiter(ours, true, "login")
                .waiter(foreign, false, "login", "tuple", "ExclusiveLock")
                .state("idle in transaction")
                .healedBy(Rung.ABORT);
    }

    /** By the SQLSTATE 55P03 of one waiter those who still wait are asked about, long before they count as slow. */
    @Test
    void lockTimeoutOfAWaiter() throws Exception {
        scene.guard(config -> config.lockWaitThreshold(Duration.ofMinutes(5)));
        int culprit = Sql.pid(scene.leak(Scene.update("alice")));
        Stuck patient = scene.ours(Scene.update("alice"));
        Connection impatient = scene.begin("SET lock_timeout = '300ms'");
        assertThatThrownBy(() -> Sql.run(impatient, Scene.update("alice")))
                .hasMessageContaining("FEHLER")
                .extracting(e -> ((SQLException) e).getSQLState())
                .isEqualTo("55P03");
        scene.reported(culprit)
                .as(DiagnosisKind.STUCK_LOCK)
                .tables("login")
                .rowWaiter(patient, true, "login")
                .leftAlone();
    }

    @Test
    void statementThatIsCancelledAtTheUsersSay() throws Exception {
        scene.guard(config -> config.activeBlockerTimeout(Duration.ofSeconds(1)));
        Connection busy = scene.leak(Scene.update("alice"));
        int culprit = Sql.pid(busy);
        FutureTask<Void> statement = Owner.platform().start(() -> {
            Sql.run(busy, "SELECT pg_sleep(60)");
            return null;
        });
        Stuck waiter = scene.ours(Scene.update("alice"));
        waiter.goesOn();
        assertThatThrownBy(statement::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .hasMessageContaining("FEHLER")
                .extracting(e -> ((SQLException) e).getSQLState())
                .isEqualTo("57014");
        scene.healed(culprit).as(DiagnosisKind.STUCK_LOCK).state("active").healedBy(Rung.CANCEL);
    }

    @Test
    void orphan() throws Exception {
        scene.guard();
        scene.beginOutside(Scene.update("bob"));
        Connection connection = scene.leak(Scene.update("alice"));
        int culprit = waitingForBob(connection);
        Stuck waiter = scene.foreign(Scene.update("alice"));
        connection.abort(Runnable::run);
        waiter.goesOn();
        scene.healed(culprit).as(DiagnosisKind.ORPHANED_BACKEND).because("no client can reach this backend");
    }

    /** Refused by SQLSTATE 42501: told, and not tried for ever. */
    @Test
    void signalThatIsNotAllowed() throws Exception {
        Login onlooker = scene.superuser().as("onlooker", "onlooker");
        scene.admin("DROP ROLE IF EXISTS onlooker");
        scene.admin("CREATE ROLE onlooker LOGIN PASSWORD 'onlooker'");
        scene.admin("GRANT pg_read_all_stats TO onlooker");
        try {
            scene.guard(8, "", config -> config, builder -> builder.controlDataSource(onlooker.dataSource()));
            Connection holder = scene.beginOutside(Scene.update("bob"));
            Connection connection = scene.leak(Scene.update("alice"));
            int culprit = waitingForBob(connection);
            connection.abort(Runnable::run);
            Told told = scene.told(OutcomeKind.UNRESOLVED, culprit);
            told.as(DiagnosisKind.ORPHANED_BACKEND);
            assertThat(told.incident().remedies())
                    .extracting(rung -> rung.rung())
                    .containsExactly(Rung.CANCEL, Rung.TERMINATE);
            assertThat(told.incident().remedies())
                    .allMatch(rung -> rung.outcome().contains("DENIED"));
            holder.rollback();
        } finally {
            scene.guarded().close();
            scene.admin("DROP ROLE onlooker");
        }
    }

    private int waitingForBob(Connection connection) throws Exception {
        int pid = Sql.pid(connection);
        Owner.platform().start(() -> {
            Sql.run(connection, Scene.update("bob"));
            return null;
        });
        scene.awaitLockWait(pid);
        return pid;
    }

    /** Nothing tells a commit but its own words, which are SQL, and what it waits for. */
    @Test
    void commitThatWaitsForItsStandby() throws Exception {
        scene.guard(config -> config.activeBlockerTimeout(Duration.ofMillis(400)));
        Connection connection = scene.leak("SET synchronous_commit = on", Scene.update("alice"));
        int culprit = Sql.pid(connection);
        scene.admin("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        scene.admin("SELECT pg_reload_conf()");
        try {
            await().until(() ->
                    Scene.ask(connection, "SHOW synchronous_standby_names").equals("nobody"));
            Owner.platform().start(() -> {
                connection.commit();
                return null;
            });
            await().until(() -> scene.admin("SELECT wait_event FROM pg_stat_activity WHERE pid = " + culprit)
                    .equals("SyncRep"));
            Stuck waiter = scene.ours(Scene.update("alice"));
            scene.reported(culprit)
                    .as(DiagnosisKind.STUCK_LOCK)
                    .rowWaiter(waiter, true, "login")
                    .because("it is committing, or waits for its standby")
                    .leftAlone();
        } finally {
            scene.admin("ALTER SYSTEM RESET synchronous_standby_names");
            scene.admin("SELECT pg_reload_conf()");
        }
    }
}
