package io.pgheal.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Rung;
import io.pgheal.testserver.Login;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The one in the way is not ours, or cannot be seen: told, with all that is known of it, and left alone. */
class ForeignBlockerTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private Scene scene;
    private Login another;
    private Login untracked;

    @BeforeEach
    void open() throws Exception {
        scene = Scene.on(SERVER);
        another = scene.superuser().as("scenario_other", "secret");
        untracked = scene.superuser().as("scenario_untracked", "secret");
        for (Login login : new Login[] {another, untracked}) {
            scene.admin("DROP ROLE IF EXISTS " + login.user());
            scene.admin("CREATE ROLE " + login.user() + " LOGIN PASSWORD '" + login.password() + "'");
            scene.setUp("GRANT ALL ON login TO " + login.user());
        }
        scene.admin("ALTER ROLE " + untracked.user() + " SET track_activities = off");
    }

    @AfterEach
    void close() throws Exception {
        scene.close();
        SERVER.admin().run("DROP ROLE " + another.user(), "DROP ROLE " + untracked.user());
    }

    /** With every limit that a user may set: they are for our own leases. */
    private Scene guardWithLimits() throws Exception {
        return scene.guard(config ->
                config.idleBlockerTimeout(Duration.ofMillis(400)).activeBlockerTimeout(Duration.ofMillis(400)));
    }

    @Test
    void personAtPsql() throws Exception {
        guardWithLimits();
        Connection psql = scene.beginOutside(Scene.update("alice"));
        int culprit = Sql.pid(psql);
        Stuck waiter = scene.ours(Scene.update("alice"));
        Told told = scene.reported(culprit);
        scene.letTheIdleLimitPass();
        told.as(DiagnosisKind.FOREIGN_BLOCKER)
                .noEvidence()
                .tables("login")
                .holds("login", "RowExclusiveLock")
                .waiters(1)
                .rowWaiter(waiter, true, "login")
                .state("idle in transaction")
                .because("not one of our connections", "never touched")
                .leftAlone();
        assertThat(told.incident().culprit().applicationName()).isEqualTo("psql");
        assertThat(told.incident().culprit().user()).isEqualTo(SERVER.user());
        assertThat(told.incident().culprit().transactionAge()).isPositive();
        psql.commit();
        waiter.goesOn();
    }

    /** Another role's session: that it is there is seen, and not what it does. */
    @Test
    void hidden() throws Exception {
        guardWithLimits();
        Connection other = scene.outside(another, "batch");
        other.setAutoCommit(false);
        Sql.run(other, Scene.update("alice"));
        int culprit = Sql.pid(other);
        Stuck waiter = scene.ours(Scene.update("alice"));
        Told told = scene.reported(culprit);
        scene.letTheIdleLimitPass();
        told.as(DiagnosisKind.FOREIGN_BLOCKER)
                .tables("login")
                .waiters(1)
                .rowWaiter(waiter, true, "login")
                .because("hidden from pgheal's role", "pg_read_all_stats")
                .leftAlone();
        assertThat(told.incident().culprit().state()).isNull();
        assertThat(told.incident().culprit().lastStatement()).isNull();
        assertThat(scene.guarded().healer().shortcomings()).anyMatch(lack -> lack.contains("pg_read_all_stats"));
        other.commit();
        waiter.goesOn();
    }

    /** A hidden session in the middle of a chain is no root. */
    @Test
    void hiddenInTheMiddle() throws Exception {
        scene.guard();
        Owner owner = Owner.platform();
        int culprit = owner.run(() -> Sql.pid(scene.leak(Scene.update("alice"))));
        Connection middle = scene.outside(another, "batch");
        middle.setAutoCommit(false);
        Sql.run(middle, Scene.update("bob"));
        int hidden = Sql.pid(middle);
        Thread waits = new Thread(() -> {
            try {
                Sql.run(middle, Scene.update("alice"));
            } catch (java.sql.SQLException e) {
                scene.kept.add(e);
            }
        });
        waits.start();
        scene.awaitLockWait(hidden);
        Stuck waiter = scene.ours(Scene.update("bob"));
        scene.reported(culprit).as(DiagnosisKind.STUCK_LOCK).rowWaiter(waiter, true, "login");
        assertThat(scene.guarded().incidents())
                .noneMatch(incident -> incident.culprit().pid() == hidden);
        owner.end();
        waits.join();
        middle.commit();
        waiter.goesOn();
    }

    /** The same for a role that may read all: whose session it is no longer matters for the story. */
    @Test
    void visibleToAControlRoleThatMayReadAll() throws Exception {
        scene.guard(
                8,
                "",
                config -> config,
                builder -> builder.controlDataSource(scene.superuser().dataSource()));
        Connection other = scene.outside(another, "batch");
        other.setAutoCommit(false);
        Sql.run(other, Scene.update("alice"));
        int culprit = Sql.pid(other);
        Stuck waiter = scene.ours(Scene.update("alice"));
        Told told = scene.reported(culprit);
        told.as(DiagnosisKind.FOREIGN_BLOCKER)
                .state("idle in transaction")
                .rowWaiter(waiter, true, "login")
                .leftAlone();
        assertThat(told.incident().culprit().user()).isEqualTo(another.user());
        assertThat(told.incident().culprit().applicationName()).isEqualTo("batch");
        other.commit();
        waiter.goesOn();
    }

    /** The server knows nothing of a session that does not track its activities, not even whether it is idle. */
    @Test
    void untracked() throws Exception {
        scene.guard(
                8,
                "",
                config ->
                        config.idleBlockerTimeout(Duration.ofMillis(400)).activeBlockerTimeout(Duration.ofMillis(400)),
                builder -> builder.controlDataSource(scene.superuser().dataSource()));
        Connection other = scene.outside(untracked, "batch");
        other.setAutoCommit(false);
        Sql.run(other, Scene.update("alice"));
        int culprit = Sql.pid(other);
        Stuck waiter = scene.ours(Scene.update("alice"));
        Told told = scene.reported(culprit);
        scene.letTheIdleLimitPass();
        told.as(DiagnosisKind.FOREIGN_BLOCKER)
                .tables("login")
                .holds("login", "RowExclusiveLock")
                .rowWaiter(waiter, true, "login")
                .because("track_activities")
                .leftAlone();
        other.commit();
        waiter.goesOn();
    }

    /** A session of ours that is not tracked: it is not signalled, but its own socket can be closed by evidence. */
    @Test
    void abandonedAndUntracked() throws Exception {
        scene.guard(
                8,
                "",
                config -> config,
                builder -> builder.controlDataSource(scene.superuser().dataSource()));
        scene.admin("ALTER ROLE " + SERVER.user() + " SET track_activities = off");
        try {
            Owner owner = Owner.platform();
            int culprit = owner.run(() -> Sql.pid(scene.leak(Scene.update("alice"))));
            Stuck waiter = scene.ours(Scene.update("alice"));
            owner.end();
            waiter.goesOn();
            scene.healed(culprit)
                    .as(DiagnosisKind.ABANDONED_TRANSACTION)
                    .onlyEvidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION)
                    .tables("login")
                    .healedBy(Rung.ABORT);
        } finally {
            scene.admin("ALTER ROLE " + SERVER.user() + " RESET track_activities");
        }
    }
}
