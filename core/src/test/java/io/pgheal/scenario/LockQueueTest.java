package io.pgheal.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.decide.Retained;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Rung;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Who waits for whom: chains, queues, convoys, locks that several hold, a thread that waits for itself. */
@Tag("thorough")
class LockQueueTest {
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

    /** Of A &lt;- B &lt;- C only A is the culprit: B, abandoned or not, waits itself. */
    @Test
    void chain() throws Exception {
        scene.guard();
        Owner a = Owner.platform();
        int culprit = a.run(() -> Sql.pid(scene.leak(Scene.update("alice"))));
        Connection b = scene.beginOutside(Scene.update("bob"));
        int middle = Sql.pid(b);
        Thread waits = new Thread(() -> {
            try {
                Sql.run(b, Scene.update("alice"));
            } catch (java.sql.SQLException e) {
                scene.kept.add(e);
            }
        });
        waits.start();
        scene.awaitLockWait(middle);
        Stuck c = scene.ours(Scene.update("bob"));
        scene.reported(culprit).as(DiagnosisKind.STUCK_LOCK).waiters(2).rowWaiter(c, true, "login");
        a.end();

        Told told = scene.healed(culprit);
        told.as(DiagnosisKind.ABANDONED_TRANSACTION)
                .onlyEvidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION)
                .tables("login")
                .waiters(2)
                .rowWaiter(c, true, "login")
                .healedBy(Rung.ABORT);
        assertThat(told.incident().waiters())
                .extracting(waiter -> waiter.pid())
                .containsExactlyInAnyOrder(middle, c.pid());
        waits.join();
        b.commit();
        c.goesOn();
        assertThat(scene.guarded().incidents())
                .allMatch(incident ->
                        incident.culprit().pid() != middle || !incident.action().equals("HEAL"));
    }

    /** Each waits for all before it: the paths from the last to the root are 2^58. */
    @Test
    void queueOfSixtyOnOneRow() throws Exception {
        scene.guard(62, "", config -> config, builder -> builder);
        Owner owner = Owner.platform();
        int culprit = owner.run(() -> Sql.pid(scene.leak(Scene.update("alice"))));
        List<Stuck> queue = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            queue.add(scene.ours(Scene.update("alice")));
        }
        scene.reported(culprit);
        owner.end();
        Told told = scene.healed(culprit);
        told.as(DiagnosisKind.ABANDONED_TRANSACTION)
                .tables("login")
                .tableUnknown(false)
                .rowWaiter(queue.get(0), true, "login")
                .healedBy(Rung.ABORT);
        // All of them if the question about slow statements told of them, the longest waiting if the story of the lease
        // did.
        assertThat(told.incident().waiters())
                .hasSizeBetween(24, 60)
                .allMatch(waiter -> waiter.ours() && "login".equals(waiter.table()));
        for (Stuck each : queue) {
            each.goesOn();
        }
        assertThat(scene.admin("SELECT n FROM login WHERE username = 'alice'")).isEqualTo("60");
    }

    /** PostgreSQL names one holder at a time: after each heal it is asked again, until the waiter goes on. */
    @Test
    void sharedRowLockOfSeveral() throws Exception {
        scene.guard();
        List<Owner> owners = new ArrayList<>();
        List<Integer> holders = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Owner owner = Owner.platform();
            owners.add(owner);
            holders.add(owner.run(() -> Sql.pid(scene.leak("SELECT * FROM login WHERE username = 'alice' FOR SHARE"))));
        }
        Stuck waiter = scene.ours(Scene.update("alice"));
        for (Owner owner : owners) {
            owner.end();
        }
        waiter.goesOn();
        for (int holder : holders) {
            scene.healed(holder)
                    .as(DiagnosisKind.ABANDONED_TRANSACTION)
                    .onlyEvidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION)
                    .tables("login")
                    .holds("login", "RowShareLock")
                    .rowWaiter(waiter, true, "login")
                    .because("somebody waits")
                    .healedBy(Rung.ABORT);
        }
    }

    /** The same, where the user has set a limit for live owners. */
    @Test
    void sharedRowLockOfSeveralLiveOwners() throws Exception {
        scene.guard(config -> config.table("login", rule -> rule.idleBlockerTimeout(Duration.ofSeconds(1))));
        int a = Sql.pid(scene.leak("SELECT * FROM login WHERE username = 'alice' FOR SHARE"));
        int b = Sql.pid(scene.leak("SELECT * FROM login WHERE username = 'alice' FOR KEY SHARE"));
        int c = Sql.pid(scene.leak("SELECT * FROM login WHERE username = 'alice' FOR SHARE"));
        Stuck waiter = scene.ours("DELETE FROM login WHERE username = 'alice'");
        waiter.goesOn();
        for (int holder : List.of(a, b, c)) {
            scene.healed(holder)
                    .as(DiagnosisKind.STUCK_LOCK)
                    .noEvidence()
                    .tables("login")
                    .waiter(waiter, true, "login", "transactionid", "ShareLock")
                    .because("idle-blocker-timeout of 1000 ms")
                    .healedBy(Rung.ABORT);
        }
    }

    /** Everybody waits for the migration, and the migration for a reader who is lost. */
    @Test
    void convoyBehindDdlBehindAnIdleReader() throws Exception {
        scene.guard();
        Owner owner = Owner.platform();
        int culprit = owner.run(() -> Sql.pid(scene.leak("SELECT * FROM login")));
        Stuck ddl = scene.foreign("ALTER TABLE login ADD COLUMN extra int");
        Stuck ours = scene.ours("SELECT * FROM login");
        Stuck other = scene.foreign("SELECT * FROM login");
        scene.reported(culprit).as(DiagnosisKind.STUCK_LOCK);
        owner.end();
        ddl.goesOn();
        ours.goesOn();
        other.goesOn();
        scene.healed(culprit)
                .as(DiagnosisKind.ABANDONED_TRANSACTION)
                .tables("login")
                .holds("login", "AccessShareLock")
                .waiters(3)
                .waiter(ddl, false, "login", "relation", "AccessExclusiveLock")
                .waiter(ours, true, "login", "relation", "AccessShareLock")
                .waiter(other, false, "login", "relation", "AccessShareLock")
                .healedBy(Rung.ABORT);
        assertThat(scene.guarded().incidents())
                .describedAs("the migration is nobody's culprit")
                .allMatch(incident -> incident.culprit().pid() == culprit);
    }

    @Test
    void lockedTable() throws Exception {
        scene.guard();
        Owner owner = Owner.platform();
        int culprit = owner.run(() -> Sql.pid(scene.leak("LOCK TABLE login IN SHARE MODE")));
        Stuck ours = scene.ours(Scene.update("alice"));
        owner.end();
        ours.goesOn();
        scene.healed(culprit)
                .as(DiagnosisKind.ABANDONED_TRANSACTION)
                .tables("login")
                .holds("login", "ShareLock")
                .waiter(ours, true, "login", "relation", "RowExclusiveLock")
                .healedBy(Rung.ABORT);
    }

    /** The waiter's own thread has what it waits for: neither goes on, and PostgreSQL sees no deadlock. */
    @Test
    void oneThreadWaitsForItsOwnOtherConnection() throws Exception {
        scene.guard();
        Owner owner = Owner.platform();
        int outer = owner.run(() -> Sql.pid(scene.leak(Scene.update("alice"))));
        int[] inner = new int[1];
        var nested = owner.start(() -> {
            Connection connection = scene.leak("SET lock_timeout = '20s'");
            inner[0] = Sql.pid(connection);
            Sql.run(connection, Scene.update("alice"));
            return null;
        });
        Told told = scene.reported(outer);
        told.as(DiagnosisKind.STUCK_LOCK)
                .noEvidence()
                .tables("login")
                .waiters(1)
                .because("its owner looks alive")
                .leftAlone();
        assertThat(told.incident().blocksItself()).isEqualTo(inner[0]);
        assertThat(told.incident().waiters().get(0).pid()).isEqualTo(inner[0]);
        assertThat(told.incident().waiters().get(0).ours()).isTrue();
        assertThat(nested).isNotDone();

        // Another thread that waits for the same row does not make it another story; a live owner is not one.
        Stuck other = scene.ours(Scene.update("alice"));
        assertThat(other.isOver()).isFalse();
        scene.admin("SELECT pg_cancel_backend(" + inner[0] + ")");
    }

    /** It is alive, and waits for what it has lost: a request that leaks one connection and borrows the next. */
    @Test
    void oneThreadWaitsForItsOwnOtherConnectionAndHasLostIt() throws Exception {
        scene.guard(config -> config.abandonedRetained(Retained.REPORT));
        Owner owner = Owner.platform();
        int outer = owner.run(() -> Sql.pid(scene.begin(Scene.update("alice"))));
        var nested = owner.start(() -> {
            Sql.run(scene.leak(), Scene.update("alice"));
            return null;
        });
        scene.healed(outer)
                .as(DiagnosisKind.ABANDONED_TRANSACTION)
                .evidence(EvidenceKind.HANDLE_UNREACHABLE, Strength.CERTAIN)
                .tables("login")
                .healedBy(Rung.ABORT);
        nested.get();
        owner.end();
    }

    /** Two threads, one waiting for the other, is an ordinary wait. */
    @Test
    void twoThreadsAreNotOne() throws Exception {
        scene.guard();
        int culprit = Sql.pid(scene.leak(Scene.update("alice")));
        Stuck waiter = scene.ours(Scene.update("alice"));
        Owner third = Owner.platform();
        third.run(() -> scene.leak(Scene.update("bob")));
        Told told = scene.reported(culprit);
        told.rowWaiter(waiter, true, "login");
        assertThat(told.incident().blocksItself()).isNull();
    }
}
