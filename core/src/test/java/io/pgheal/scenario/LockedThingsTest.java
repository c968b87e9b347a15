package io.pgheal.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.LeaseRevokedException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.jdbc.PgConnection;

/** What is locked, and how pgheal calls it; and the transactions that hold locks without looking like it. */
@Tag("thorough")
class LockedThingsTest {
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

    @FunctionalInterface
    private interface Work {
        void with(Connection connection) throws SQLException;
    }

    private Owner owner;
    private int culprit;

    /** A transaction of ours whose thread ends with {@link #ownerEnds}. */
    private void abandoned(Work work) throws Exception {
        owner = Owner.platform();
        culprit = owner.run(() -> {
            Connection connection = scene.leak();
            int pid = Sql.pid(connection);
            connection.rollback(); // for those who must say something before any query
            work.with(connection);
            return pid;
        });
    }

    private void abandoned(String... statements) throws Exception {
        abandoned(connection -> {
            for (String sql : statements) {
                Sql.run(connection, sql);
            }
        });
    }

    private Told ownerEnds(Stuck... waiting) throws Exception {
        owner.end();
        for (Stuck each : waiting) {
            each.goesOn();
        }
        return scene.healed(culprit)
                .as(DiagnosisKind.ABANDONED_TRANSACTION)
                .onlyEvidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION)
                .because("its owner looks gone, and somebody waits")
                .healedBy(Rung.ABORT);
    }

    // ---- tables

    /** Neither the statement of the one nor that of the other names what both want. */
    @Test
    void foreignKey() throws Exception {
        scene.setUp("CREATE TABLE session (id int PRIMARY KEY, username text REFERENCES login)");
        scene.guard();
        abandoned("INSERT INTO session VALUES (1, 'alice')");
        Stuck waiter = scene.ours("DELETE FROM login WHERE username = 'alice'");
        // The child row is gone with its transaction: the parent may go.
        ownerEnds(waiter).tables("login", "session").tableUnknown(false).rowWaiter(waiter, true, "login");
    }

    /** The other way round: the parent is deleted, and the statement that waits names only the child. */
    @Test
    void foreignKeyOfADeletedParent() throws Exception {
        scene.setUp("CREATE TABLE session (id int PRIMARY KEY, username text REFERENCES login)");
        scene.guard();
        abandoned("DELETE FROM login WHERE username = 'alice'");
        Stuck waiter = scene.ours("INSERT INTO session VALUES (1, 'alice')");
        Told told = ownerEnds(waiter).rowWaiter(waiter, true, "login");
        assertThat(told.incident().tables().get(0)).isEqualTo("login");
        assertThat(told.incident().waiters().get(0).statement()).startsWith("INSERT INTO session");
    }

    @Test
    void uniqueKey() throws Exception {
        scene.guard();
        abandoned("INSERT INTO login VALUES ('eve')");
        Stuck waiter = scene.ours("INSERT INTO login VALUES ('eve')");
        ownerEnds(waiter)
                .tables("login") // what the culprit holds
                .tableUnknown(true) // what the waiter wants
                .rowWaiter(waiter, true, null);
    }

    /** A rule for a table does not reach a wait that cannot be tied to it: there the global limit is the user's word. */
    @Test
    void uniqueKeyIsUnderNoRuleOfItsTable() throws Exception {
        scene.guard(config -> config.table("login", rule -> rule.idleBlockerTimeout(Duration.ofMillis(300))));
        int alive = Sql.pid(scene.leak("INSERT INTO login VALUES ('eve')"));
        Stuck waiter = scene.ours("INSERT INTO login VALUES ('eve')");
        Told told = scene.reported(alive);
        scene.letTheIdleLimitPass();
        told.as(DiagnosisKind.STUCK_LOCK)
                .tableUnknown(true)
                .rowWaiter(waiter, true, null)
                .because("no time limit is set")
                .leftAlone();
    }

    @Test
    void partitionIsUnderTheRuleOfItsParent() throws Exception {
        scene.setUp(
                "CREATE SCHEMA hr",
                "CREATE TABLE hr.visit (id int, n int) PARTITION BY RANGE (id)",
                "CREATE TABLE hr.visit_1 PARTITION OF hr.visit FOR VALUES FROM (0) TO (100)",
                "INSERT INTO hr.visit VALUES (1, 0)");
        scene.guard(config -> config.table("hr.visit", rule -> rule.idleBlockerTimeout(Duration.ofSeconds(1))));
        int alive = Sql.pid(scene.leak("UPDATE hr.visit SET n = 1 WHERE id = 1"));
        Stuck waiter = scene.ours("UPDATE hr.visit SET n = 2 WHERE id = 1");
        waiter.goesOn();
        Told told = scene.healed(alive)
                .as(DiagnosisKind.STUCK_LOCK)
                .noEvidence()
                .tables("hr.visit_1", "hr.visit")
                .rowWaiter(waiter, true, "hr.visit_1")
                .because("idle-blocker-timeout of 1000 ms")
                .healedBy(Rung.ABORT);
        assertThat(told.incident().tables().get(0))
                .describedAs("what is waited for first")
                .isEqualTo("hr.visit_1");
    }

    @Test
    void materializedView() throws Exception {
        scene.setUp("CREATE MATERIALIZED VIEW report AS SELECT count(*) FROM login");
        scene.guard();
        abandoned("SELECT * FROM report");
        Stuck waiter = scene.ours("REFRESH MATERIALIZED VIEW report");
        ownerEnds(waiter)
                .tables("report")
                .holds("report", "AccessShareLock")
                .waiter(waiter, true, "report", "relation", "AccessExclusiveLock");
    }

    @Test
    void sequence() throws Exception {
        scene.setUp("CREATE SEQUENCE ticket");
        scene.guard();
        abandoned("SELECT nextval('ticket')");
        Stuck waiter = scene.ours("ALTER SEQUENCE ticket RESTART");
        ownerEnds(waiter)
                .tables("ticket")
                .holds("ticket", "RowExclusiveLock")
                .waiter(waiter, true, "ticket", "relation", "ShareRowExclusiveLock");
    }

    @Test
    void view() throws Exception {
        scene.setUp("CREATE VIEW names AS SELECT username FROM login");
        scene.guard();
        abandoned("SELECT * FROM names");
        Stuck waiter = scene.ours("DROP VIEW names");
        ownerEnds(waiter).tables("names", "login").waiter(waiter, true, "names", "relation", "AccessExclusiveLock");
    }

    /** An index is its table's. */
    @Test
    void index() throws Exception {
        scene.guard();
        abandoned("SELECT * FROM login");
        Stuck waiter = scene.ours("REINDEX INDEX login_pkey");
        ownerEnds(waiter).tables("login").waiter(waiter, true, "login", "relation", "AccessExclusiveLock");
    }

    /** Values that are kept out of line are their table's. */
    @Test
    void valuesOutOfLine() throws Exception {
        scene.setUp(
                "CREATE TABLE note (id int PRIMARY KEY, body text STORAGE EXTERNAL)",
                "INSERT INTO note VALUES (1, repeat('x', 20000))");
        String toast = scene.admin("SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 'note'");
        scene.guard(
                8,
                "",
                config -> config,
                builder -> builder.controlDataSource(scene.superuser().dataSource()));
        abandoned("UPDATE note SET body = repeat('y', 20000)");
        Stuck waiter = scene.foreign(scene.superuser(), "REINDEX TABLE " + toast);
        ownerEnds(waiter).tables("note").waiter(waiter, false, "note", "relation", "ShareLock");
    }

    /** What the culprit holds was asked when it was first told of; the rules still know it when its time is over. */
    @Test
    void sparedTableThatNobodyWaitsFor() throws Exception {
        scene.setUp("CREATE TABLE ledger (id int PRIMARY KEY)");
        scene.guard(config -> config.idleBlockerTimeout(Duration.ofSeconds(1))
                .spare(Set.of(), Set.of(), Set.of(), Set.of("public.ledger")));
        int alive = Sql.pid(scene.leak("INSERT INTO ledger VALUES (1)", Scene.update("alice")));
        Stuck waiter = scene.ours(Scene.update("alice"));
        Told told = scene.told(OutcomeKind.WOULD_HEAL, alive);
        told.as(DiagnosisKind.STUCK_LOCK)
                .tables("login", "ledger")
                .rowWaiter(waiter, true, "login")
                .because("idle-blocker-timeout of 1000 ms", "pgheal.spare.tables has ledger");
        assertThat(scene.incidents(OutcomeKind.HEALED)).isEmpty();
        assertThat(waiter.isOver()).isFalse();
    }

    /** By then it was told, with what it held before; and past our handles nothing shows that it went on. */
    @Test
    void sparedTableThatIsLockedLater() throws Exception {
        Set<String> ledger = Set.of("public.ledger");
        scene.setUp("CREATE TABLE ledger (id int PRIMARY KEY)");
        scene.guard(config -> config.spare(Set.of(), Set.of(), Set.of(), ledger));
        Connection owner = scene.leak(Scene.update("alice"));
        int alive = Sql.pid(owner);
        Connection unwrapped = owner.unwrap(PgConnection.class);
        Stuck waiter = scene.ours(Scene.update("alice"));
        scene.reported(alive).tables("login");
        Sql.run(unwrapped, "INSERT INTO ledger VALUES (1)");

        SelfHealingDataSource guarded = scene.guarded();
        guarded.config(guarded.config().toBuilder()
                .idleBlockerTimeout(Duration.ofMillis(100))
                .build());

        scene.told(OutcomeKind.WOULD_HEAL, alive).because("pgheal.spare.tables has ledger");
        assertThat(scene.incidents(OutcomeKind.HEALED)).isEmpty();
        assertThat(waiter.isOver()).isFalse();
    }

    /** Past our handles a commit may have been sent: not before the server is asked is a rollback proven. */
    @Test
    void theOwnerOfAnUnwrappedLeaseIsToldWhatBecameOfItsTransaction() throws Exception {
        scene.guard(config -> config.idleBlockerTimeout(Duration.ofMillis(300)));
        Connection owner = scene.leak(Scene.update("alice"));
        int alive = Sql.pid(owner);
        PgConnection unwrapped = owner.unwrap(PgConnection.class);
        Stuck waiter = scene.ours(Scene.update("alice"));

        scene.healed(alive).rowWaiter(waiter, true, "login").healedBy(Rung.ABORT);
        assertThat(unwrapped.isClosed()).isTrue();
        assertThatThrownBy(owner::createStatement)
                .isInstanceOfSatisfying(
                        LeaseRevokedException.class,
                        late -> assertThat(late.getSQLState()).isEqualTo("40000"));
    }

    /** A schema, a role, a type: locked, and no table. */
    @Test
    void objectThatIsNoTable() throws Exception {
        scene.setUp("CREATE SCHEMA hr");
        scene.guard();
        abandoned("COMMENT ON SCHEMA hr IS 'one'");
        Stuck waiter = scene.ours("COMMENT ON SCHEMA hr IS 'other'");
        ownerEnds(waiter).tables().tableUnknown(true).waiter(waiter, true, null, "object", "ShareUpdateExclusiveLock");
    }

    /** It waits for the ends of transactions, one after the other, whatever they have locked. */
    @Test
    void createIndexConcurrently() throws Exception {
        scene.guard();
        abandoned(Scene.update("alice"));
        Stuck waiter = scene.foreign("CREATE INDEX CONCURRENTLY login_n ON login (n)");
        Told told = ownerEnds(waiter)
                .tables("login") // what the culprit holds
                .tableUnknown(true)
                .holds("login", "RowExclusiveLock")
                .waiter(waiter, false, null, "virtualxid", "ShareLock");
        assertThat(told.incident().waiters().get(0).statement()).contains("CONCURRENTLY login_n ON login");
    }

    // ---- transactions

    /** "Aborted" is no proof: a savepoint that was set before the error keeps all that was locked before it. */
    @Test
    void abortedBehindASavepoint() throws Exception {
        scene.guard();
        abandoned(connection -> {
            Sql.run(connection, Scene.update("alice"));
            connection.setSavepoint();
            assertThatThrownBy(() -> Sql.run(connection, "SELECT 1 / 0")).isInstanceOf(SQLException.class);
        });
        Stuck waiter = scene.ours(Scene.update("alice"));
        ownerEnds(waiter).state("idle in transaction (aborted)").tables("login").rowWaiter(waiter, true, "login");
    }

    /** The same while its owner lives, under the user's limit. */
    @Test
    void abortedBehindASavepointByALiveOwner() throws Exception {
        scene.guard(config -> config.idleBlockerTimeout(Duration.ofSeconds(1)));
        Connection connection = scene.leak(Scene.update("alice"));
        int alive = Sql.pid(connection);
        connection.setSavepoint();
        assertThatThrownBy(() -> Sql.run(connection, "SELECT 1 / 0")).isInstanceOf(SQLException.class);
        Stuck waiter = scene.ours(Scene.update("alice"));
        waiter.goesOn();
        scene.healed(alive)
                .as(DiagnosisKind.STUCK_LOCK)
                .state("idle in transaction (aborted)")
                .rowWaiter(waiter, true, "login")
                .because("idle-blocker-timeout of 1000 ms")
                .healedBy(Rung.ABORT);
    }

    /** The driver goes back to a savepoint by itself: the transaction goes on, with its locks. */
    @Test
    void autosaveAlways() throws Exception {
        scene.guard(8, "autosave=always", config -> config, builder -> builder);
        abandoned(connection -> {
            Sql.run(connection, Scene.update("alice"));
            assertThatThrownBy(() -> Sql.run(connection, "SELECT 1 / 0")).isInstanceOf(SQLException.class);
        });
        Stuck waiter = scene.ours(Scene.update("alice"));
        ownerEnds(waiter).state("idle in transaction").tables("login").rowWaiter(waiter, true, "login");
    }

    /** What serializable transactions note down about what they read stands in nobody's way. */
    @Test
    void serializable() throws Exception {
        scene.setUp("CREATE TABLE audit (id int PRIMARY KEY)", "INSERT INTO audit SELECT generate_series(1, 50)");
        scene.guard();
        Connection reader = scene.begin("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SELECT * FROM audit");
        abandoned(
                "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                "SELECT * FROM audit WHERE id = 7",
                "SELECT * FROM login",
                Scene.update("alice"));
        Stuck waiter = scene.ours(Scene.update("alice"));
        assertThat(scene.admin("SELECT count(*) > 1 FROM pg_locks WHERE mode = 'SIReadLock'"))
                .isEqualTo("t");
        assertThat(scene.guarded().locksOn("audit"))
                .isNotEmpty()
                .noneMatch(lock -> lock.lock().mode().equals("SIReadLock"));
        Told told = ownerEnds(waiter).tables("login", "audit").waiters(1).rowWaiter(waiter, true, "login");
        assertThat(told.incident().locks()).noneMatch(lock -> lock.mode().equals("SIReadLock"));
        reader.commit();
        reader.close();
    }
}
