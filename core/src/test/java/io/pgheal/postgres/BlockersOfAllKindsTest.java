package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.PostgresServer;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The ways to get stuck that are the server's alone; what pgheal makes of them is in {@code io.pgheal.scenario}. */
class BlockersOfAllKindsTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final Sessions sessions = new Sessions(SERVER);

    private static final TableName LOGIN = new TableName("public", "login");
    private static final String UPDATE = "UPDATE login SET n = n + 1 WHERE id = ";

    @BeforeEach
    void tables() throws Exception {
        sessions.setUp(
                "DROP TABLE IF EXISTS login, side, big, note CASCADE",
                "DROP SEQUENCE IF EXISTS ticket",
                "DROP FUNCTION IF EXISTS looks_aside(int)",
                "CREATE TABLE login (id int PRIMARY KEY, n int)",
                "INSERT INTO login SELECT i, 0 FROM generate_series(1, 50) i",
                "CREATE MATERIALIZED VIEW report AS SELECT count(*) FROM login",
                "CREATE SEQUENCE ticket",
                "CREATE TABLE side (id int)",
                "CREATE TABLE big (id int)",
                "INSERT INTO big SELECT generate_series(1, 10000)",
                "ANALYZE big",
                "CREATE TABLE note (body text)",
                "ALTER TABLE note ALTER body SET STORAGE EXTERNAL",
                "INSERT INTO note VALUES (repeat('x', 20000))",
                "CREATE FUNCTION looks_aside(int) RETURNS int LANGUAGE plpgsql PARALLEL SAFE AS"
                        + " 'BEGIN PERFORM 1 FROM side; RETURN $1; END'");
    }

    /** By paths it would never end: the last of sixty is reached in 2^58 ways. Nobody is that patient. */
    @Test
    void queueOfSixty() throws Exception {
        Session holder = sessions.open().run(UPDATE + 1);
        List<Integer> queue = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            Session waiter = sessions.open();
            waiter.startAndWait(UPDATE + 1, sessions.control());
            queue.add(waiter.pid());
        }
        BlockingTree tree = sessions.control().fullBlockingTree(null);
        assertThat(tree.roots()).containsExactly(holder.pid());
        assertThat(tree.waitersOf(holder.pid())).extracting(Waiter::pid).containsExactlyInAnyOrderElementsOf(queue);
        assertThat(tree.waiters()).extracting(Waiter::table).containsOnly(LOGIN);
        assertThat(tree.truncated()).isFalse();
    }

    /**
     * Who has waited for {@code deadlock_timeout} looks whether it is in a deadlock, and meanwhile its wait event is not
     * {@code Lock}. All who do so at the same moment keep each other from it for a while. How many looks fall into that while
     * depends on the machine, so there are as many rounds as it takes for a hundred.
     */
    @Test
    @Tag("thorough")
    void whoLooksForADeadlockIsNotTakenForARoot() throws Exception {
        List<Session> queue = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            queue.add(sessions.openAdmin().autoCommit().run("SET deadlock_timeout = '600ms'"));
        }
        int looks = 0;
        while (looks < 100) {
            Session holder = sessions.open().run(UPDATE + 1);
            List<CompletableFuture<Void>> waiters = new ArrayList<>();
            for (Session waiter : queue) {
                waiters.add(waiter.start(UPDATE + 1));
            }
            // Not before all wait: who has the row's tuple lock, and does not yet wait for its holder, is a root for a
            // moment.
            await().until(() -> sessions.control().blockingTree(null).waiters().size() == queue.size());
            Duration shortest;
            do {
                BlockingTree tree = sessions.control().blockingTree(null);
                assertThat(tree.roots()).containsExactly(holder.pid());
                shortest = tree.waiters().stream()
                        .map(Waiter::waited)
                        .min(Comparator.naturalOrder())
                        .orElse(Duration.ZERO);
                looks++;
            } while (shortest.compareTo(Duration.ofMillis(700)) < 0);
            holder.connection().commit();
            CompletableFuture.allOf(waiters.toArray(CompletableFuture[]::new)).get();
        }
    }

    @Test
    void oneHolderOfASharedRowLockIsNamedAtATime() throws Exception {
        Session a = sessions.open().run("SELECT * FROM login WHERE id = 1 FOR SHARE");
        Session b = sessions.open().run("SELECT * FROM login WHERE id = 1 FOR SHARE");
        Session waiter = sessions.open();
        waiter.startAndWait(UPDATE + 1, sessions.control());

        int first = only(sessions.control().fullBlockingTree(null).roots());
        assertThat(first).isIn(a.pid(), b.pid());
        Session other = first == a.pid() ? b : a;
        (first == a.pid() ? a : b).connection().commit();

        await().untilAsserted(() ->
                assertThat(sessions.control().blockingTree(null).roots()).containsExactly(other.pid()));
        assertThat(sessions.control()
                        .story(sessions.judged(other).backend())
                        .orElseThrow()
                        .direct())
                .containsExactly(waiter.pid());
    }

    @Test
    void abortedBehindASavepoint() throws Exception {
        Session holder = sessions.open().run(UPDATE + 1).run("SAVEPOINT before");
        assertThatThrownBy(() -> holder.run("SELECT 1 / 0")).isInstanceOf(SQLException.class);
        Session waiter = sessions.open();
        waiter.startAndWait(UPDATE + 1, sessions.control());

        BlockingTree tree = sessions.control().fullBlockingTree(null);

        Backend root = tree.backend(only(tree.roots())).orElseThrow();
        assertThat(root.pid()).isEqualTo(holder.pid());
        assertThat(root.judged().orElseThrow().state()).isEqualTo("idle in transaction (aborted)");
        assertThat(root.isIdleInTransaction()).isTrue();
    }

    @Test
    void createIndexConcurrentlyWaitsForATransactionAndNoTable() throws Exception {
        Session writer = sessions.open().run("INSERT INTO side VALUES (1)");
        Session builder = sessions.open().autoCommit();
        builder.startAndWait("CREATE INDEX CONCURRENTLY ON side (id)", sessions.control());

        BlockingTree tree = sessions.control().fullBlockingTree(null);

        assertThat(tree.roots()).containsExactly(writer.pid());
        Waiter waiter = only(tree.waiters());
        assertThat(waiter.lockType()).isEqualTo("virtualxid");
        assertThat(waiter.table()).isNull();
        assertThat(waiter.waitsForAdvisoryLock()).isFalse();
    }

    @Test
    void workersOfAParallelQueryWaitAsTheirLeader() throws Exception {
        Session holder = sessions.open().run("LOCK TABLE side IN ACCESS EXCLUSIVE MODE");
        Session leader = sessions.open()
                .run(
                        "SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;"
                                + " SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off");
        leader.start("SELECT count(looks_aside(id)) FROM big");
        // By a session of its own: inside the holder's transaction pg_stat_activity stands still.
        await().until(() -> SERVER.admin().sessions("wait_event_type = 'Lock' AND leader_pid = ?", leader.pid()) == 2);

        for (BlockingTree tree : List.of(
                sessions.control().fullBlockingTree(null),
                sessions.control().fullBlockingTree(List.of(leader.pid())),
                sessions.control().blockingTree(null))) {
            assertThat(tree.roots()).containsExactly(holder.pid());
            Waiter waiter = only(tree.waiters());
            assertThat(waiter.pid()).isEqualTo(leader.pid());
            assertThat(waiter.backend().isClient()).isTrue();
            assertThat(waiter.blockedBy()).containsExactly(holder.pid());
        }
        Waiter waiter = only(sessions.control().fullBlockingTree(null).waiters());
        assertThat(waiter.table()).hasToString("side");
        assertThat(waiter.mode()).isEqualTo("AccessShareLock");
        assertThat(sessions.control().inTheWay(List.of(holder.pid()))).containsExactly(holder.pid());
    }

    @Test
    void relationsOfAllKindsAreNamed() throws Exception {
        waitsFor("report", "SELECT * FROM report", "REFRESH MATERIALIZED VIEW report");
        waitsFor("ticket", "SELECT nextval('ticket')", "ALTER SEQUENCE ticket RESTART");
        waitsFor("login", "SELECT * FROM login", "REINDEX INDEX login_pkey");
    }

    /** What is kept out of line is its table's, and is named so among the locks that are held, too. */
    @Test
    void valuesOutOfLine() throws Exception {
        Session writer = sessions.open().run("UPDATE note SET body = repeat('y', 20000)");
        Session admin = sessions.openAdmin().autoCommit();
        String toast = admin.query("SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 'note'");
        admin.startAndWait("REINDEX TABLE " + toast, sessions.control());

        assertThat(only(sessions.control().fullBlockingTree(null).waiters()).table())
                .hasToString("note");
        assertThat(sessions.control()
                        .story(sessions.judged(writer).backend())
                        .orElseThrow()
                        .tables())
                .extracting(TableName::toString)
                .containsExactly("note");
    }

    private void waitsFor(String name, String held, String wanted) throws Exception {
        Session holder = sessions.open().run(held);
        Session waiter = sessions.open().autoCommit();
        var end = waiter.startAndWait(wanted, sessions.control());
        BlockingTree tree = sessions.control().fullBlockingTree(null);
        assertThat(tree.roots()).containsExactly(holder.pid());
        assertThat(only(tree.waiters()).table()).hasToString(name);
        assertThat(only(tree.waiters()).lockType()).isEqualTo("relation");
        holder.connection().rollback();
        end.join();
    }

    @Test
    void notesOfSerializableTransactionsAreNoLocks() throws Exception {
        sessions.open().run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE").run("SELECT * FROM login WHERE id = 3");
        Session holder = sessions.open()
                .run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
                .run("SELECT * FROM login WHERE id = 7")
                .run(UPDATE + 1);

        assertThat(holder.query(
                        "SELECT count(*) > 0 FROM pg_locks WHERE mode = 'SIReadLock' AND pid = pg_backend_pid()"))
                .isEqualTo("t");
        assertThat(sessions.control()
                        .story(sessions.judged(holder).backend())
                        .orElseThrow()
                        .locks())
                .isNotEmpty()
                .noneMatch(lock -> lock.mode().equals("SIReadLock"));
        assertThat(sessions.control().locksOn(LOGIN))
                .isNotEmpty()
                .noneMatch(lock -> lock.lock().mode().equals("SIReadLock"));
    }

    /** What a plain role cannot see may stand between the one it waits for and the one who is in the way. */
    @Test
    void behindAHiddenSession() throws Exception {
        sessions.role("batch", "");
        sessions.setUp("GRANT ALL ON login TO batch");
        Session culprit = sessions.open().run(UPDATE + 1);
        Session hidden = sessions.open("batch").run(UPDATE + 2);
        hidden.startAndWait(UPDATE + 1, sessions.control());
        Session waiter = sessions.open();
        waiter.startAndWait(UPDATE + 2, sessions.control());
        ControlConnection plain = sessions.control(SERVER.user(), SERVER.password());

        assertThat(plain.backend(hidden.pid()).orElseThrow().visible()).isFalse();
        assertThat(plain.inTheWay(List.of(culprit.pid()))).containsExactly(culprit.pid());
        assertThat(plain.blockingTree(List.of(waiter.pid())).roots()).containsExactly(culprit.pid());
        assertThat(plain.story(sessions.judged(culprit).backend()).orElseThrow().waiters())
                .extracting(Waiter::pid)
                .containsExactlyInAnyOrder(hidden.pid(), waiter.pid());
    }

    /** PostgreSQL's to break: nobody is at its root. */
    @Test
    void deadlockHasNoRoot() throws Exception {
        Session a = sessions.openAdmin().run("SET deadlock_timeout = '1min'").run(UPDATE + 1);
        Session b = sessions.openAdmin().run("SET deadlock_timeout = '1min'").run(UPDATE + 2);
        a.startAndWait(UPDATE + 2, sessions.control());
        b.startAndWait(UPDATE + 1, sessions.control());

        BlockingTree tree = sessions.control().fullBlockingTree(null);
        // Nobody's end would free them, and a client that is gone is not noticed by who waits.
        sessions.admin("SELECT pg_terminate_backend(" + a.pid() + ")");

        assertThat(tree.roots()).isEmpty();
        assertThat(tree.waiters()).hasSize(2);
    }

    private static <T> T only(java.util.Collection<T> some) {
        assertThat(some).hasSize(1);
        return some.iterator().next();
    }
}
