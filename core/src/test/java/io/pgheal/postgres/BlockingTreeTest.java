package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.PostgresServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class BlockingTreeTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final Sessions sessions = new Sessions(SERVER);

    private static final TableName LOGIN = new TableName("public", "login");
    private static final String UPDATE = "UPDATE login SET n = n + 1 WHERE id = ";

    @BeforeEach
    void tables() throws Exception {
        sessions.setUp(
                "DROP TABLE IF EXISTS child, login, part CASCADE",
                "DROP SCHEMA IF EXISTS hr CASCADE",
                "CREATE TABLE login (id int PRIMARY KEY, n int, code text UNIQUE)",
                "INSERT INTO login SELECT i, 0, 'c' || i FROM generate_series(1, 5) i",
                "CREATE TABLE child (id int PRIMARY KEY, login_id int REFERENCES login)",
                "CREATE SCHEMA hr",
                "CREATE TABLE hr.part (id int, n int) PARTITION BY RANGE (id)",
                "CREATE TABLE hr.part_1 PARTITION OF hr.part FOR VALUES FROM (0) TO (100)",
                "INSERT INTO hr.part VALUES (1, 0)");
    }

    /** The rows and the answers of pg_blocking_pids are not of one moment. */
    @Test
    void whoWasSeenToWaitButHasNoBlockerIsNoRoot() throws Exception {
        Session holder = sessions.open().run(UPDATE + 1);
        Session first = sessions.open();
        first.startAndWait(UPDATE + 1, sessions.control());
        Session last = sessions.open();
        last.startAndWait(UPDATE + 1, sessions.control());
        int lastPid = last.pid();
        BlockingTree whole = sessions.control().blockingTree(null);
        assertThat(whole.roots()).containsExactly(holder.pid());

        List<Waiter> butTheFirst = whole.waiters().stream()
                .filter(waiter -> waiter.pid() == lastPid)
                .toList();
        assertThat(only(butTheFirst).blockedBy()).containsExactly(first.pid());
        assertThat(Trees.of(butTheFirst, whole.backends().values()).roots()).isEmpty();
    }

    @Test
    void rowLockNamesTableHolderAndWait() throws Exception {
        long before = System.nanoTime();
        Session holder = sessions.open().run(UPDATE + 1);
        Session waiter = sessions.open();
        waiter.startAndWait(UPDATE + 1, sessions.control());

        BlockingTree tree = sessions.control().fullBlockingTree(Set.of(waiter.pid()));

        assertThat(tree.roots()).containsExactly(holder.pid());
        assertThat(tree.truncated()).isFalse();
        Waiter found = only(tree.waiters());
        assertThat(found.pid()).isEqualTo(waiter.pid());
        assertThat(found.table()).isEqualTo(LOGIN);
        assertThat(found.lockType()).isEqualTo("transactionid");
        assertThat(found.mode()).isEqualTo("ShareLock");
        assertThat(found.blockedBy()).containsExactly(holder.pid());
        assertThat(found.waited()).isPositive().isLessThan(Duration.ofNanos(System.nanoTime() - before));
        Backend root = tree.backend(holder.pid()).orElseThrow();
        assertThat(root.isIdleInTransaction()).isTrue();
        assertThat(root.visible()).isTrue();
        assertThat(root.isClient()).isTrue();
        assertThat(root.user()).isEqualTo("app");
        assertThat(root.xid()).isNotNull();
        assertThat(root.transactionAge()).isPositive();
        assertThat(root.lastStatement()).isEqualTo("UPDATE login SET n = n + ? WHERE id = ?");
    }

    @Test
    void cheapFormKnowsTheSameRootsAndNoTables() throws Exception {
        Session holder = sessions.open().run(UPDATE + 1);
        Session waiter = sessions.open();
        waiter.startAndWait(UPDATE + 1, sessions.control());

        BlockingTree tree = sessions.control().blockingTree(null);

        assertThat(tree.roots()).containsExactly(holder.pid());
        Waiter found = only(tree.waiters());
        assertThat(found.lockType()).isEqualTo("transactionid");
        assertThat(found.table()).isNull();
        assertThat(sessions.control().inTheWay(List.of(holder.pid(), waiter.pid())))
                .containsExactly(holder.pid());
        assertThat(sessions.control().inTheWay(List.of())).isEmpty();
    }

    @Test
    void chainIsFollowedToItsRoot() throws Exception {
        Session a = sessions.open().run(UPDATE + 1);
        Session b = sessions.open().run(UPDATE + 2);
        b.startAndWait(UPDATE + 1, sessions.control());
        Session c = sessions.open();
        c.startAndWait(UPDATE + 2, sessions.control());

        BlockingTree tree = sessions.control().blockingTree(List.of(c.pid()));

        assertThat(tree.rootsOf(c.pid())).containsExactly(a.pid());
        assertThat(tree.roots()).containsExactly(a.pid());
        assertThat(tree.waitersOf(a.pid())).extracting(Waiter::pid).containsExactlyInAnyOrder(b.pid(), c.pid());
        assertThat(tree.waitersOf(b.pid())).extracting(Waiter::pid).containsExactly(c.pid());
        assertThat(tree.waitersOf(c.pid())).isEmpty();
    }

    @Test
    void queueOfTwentyHasOneRoot() throws Exception {
        Session holder = sessions.open().run(UPDATE + 1);
        List<Integer> queue = new ArrayList<>();
        int last = 0;
        for (int i = 0; i < 20; i++) {
            Session waiter = sessions.open();
            waiter.startAndWait(UPDATE + 1, sessions.control());
            queue.add(last = waiter.pid());
        }

        for (BlockingTree tree : List.of(
                sessions.control().blockingTree(List.of(last)),
                sessions.control().fullBlockingTree(null))) {
            assertThat(tree.roots()).containsExactly(holder.pid());
            assertThat(tree.rootsOf(last)).containsExactly(holder.pid());
            assertThat(tree.waitersOf(holder.pid())).extracting(Waiter::pid).containsExactlyInAnyOrderElementsOf(queue);
        }
        assertThat(sessions.control().fullBlockingTree(null).waiters())
                .allSatisfy(waiter -> assertThat(waiter.table()).isEqualTo(LOGIN));
    }

    @Test
    void convoyBehindAnIdleReader() throws Exception {
        Session reader = sessions.open().run("SELECT * FROM login");
        Session ddl = sessions.open();
        ddl.startAndWait("ALTER TABLE login ADD COLUMN extra int", sessions.control());
        Session innocent = sessions.open();
        innocent.startAndWait("SELECT * FROM login", sessions.control());

        BlockingTree tree = sessions.control().fullBlockingTree(null);

        assertThat(tree.roots()).containsExactly(reader.pid());
        assertThat(tree.backend(reader.pid()).orElseThrow().xid())
                .describedAs("it has written nothing")
                .isNull();
        assertThat(tree.rootsOf(innocent.pid())).containsExactly(reader.pid());
        assertThat(tree.waiters()).allSatisfy(waiter -> {
            assertThat(waiter.lockType()).isEqualTo("relation");
            assertThat(waiter.table()).isEqualTo(LOGIN);
        });
    }

    @Test
    void foreignKeyWaitNamesTheParent() throws Exception {
        Session child = sessions.open().run("INSERT INTO child VALUES (1, 1)");
        Session parent = sessions.open();
        parent.startAndWait("DELETE FROM login WHERE id = 1", sessions.control());

        BlockingTree tree = sessions.control().fullBlockingTree(null);

        assertThat(tree.roots()).containsExactly(child.pid());
        assertThat(only(tree.waiters()).table()).isEqualTo(LOGIN);
    }

    @Test
    void uniqueInsertWaitsForATableThatCannotBeKnown() throws Exception {
        Session first = sessions.open().run("INSERT INTO login VALUES (9, 0, 'nine')");
        Session second = sessions.open();
        second.startAndWait("INSERT INTO login VALUES (9, 0, 'other')", sessions.control());

        BlockingTree tree = sessions.control().fullBlockingTree(null);

        assertThat(tree.roots()).containsExactly(first.pid());
        Waiter waiter = only(tree.waiters());
        assertThat(waiter.lockType()).isEqualTo("transactionid");
        assertThat(waiter.table()).isNull();
    }

    @Test
    void advisoryLockOfAnIdleSession() throws Exception {
        Session leader = sessions.open().autoCommit().run("SELECT pg_advisory_lock(42)");
        Session follower = sessions.open();
        follower.startAndWait("SELECT pg_advisory_lock(42)", sessions.control());

        BlockingTree tree = sessions.control().fullBlockingTree(null);

        assertThat(tree.roots()).containsExactly(leader.pid());
        assertThat(only(tree.waiters()).waitsForAdvisoryLock()).isTrue();
        assertThat(tree.backend(leader.pid()).orElseThrow().isIdleInTransaction())
                .isFalse();
        BackendStory story =
                sessions.control().story(sessions.judged(leader).backend()).orElseThrow();
        assertThat(story.onlyAdvisoryWaiters()).isTrue();
        assertThat(only(story.locks()).advisoryKey()).isEqualTo("0:42");
    }

    @Test
    void partitionCountsAsItsParent() throws Exception {
        Session holder = sessions.open().run("UPDATE hr.part SET n = 1 WHERE id = 1");
        Session waiter = sessions.open();
        waiter.startAndWait("UPDATE hr.part SET n = 2 WHERE id = 1", sessions.control());

        TableName table =
                only(sessions.control().fullBlockingTree(null).waiters()).table();

        assertThat(table).hasToString("hr.part_1");
        assertThat(table.partitionOf()).isEqualTo(new TableName("hr", "part"));
        assertThat(sessions.control().locksOn(TableName.parse("hr.part")))
                .filteredOn(lock -> !lock.isHeld())
                .extracting(lock -> lock.backend().pid())
                .contains(waiter.pid())
                .doesNotContain(holder.pid());
    }

    @Test
    void locksOnATableTellHoldersFromWaiters() throws Exception {
        Session reader = sessions.open().run("SELECT * FROM login");
        Session ddl = sessions.open();
        ddl.startAndWait("ALTER TABLE login ADD COLUMN extra int", sessions.control());

        List<TableLock> locks = sessions.control().locksOn(TableName.parse("LOGIN"));

        assertThat(locks).anySatisfy(lock -> {
            assertThat(lock.isHeld()).isTrue();
            assertThat(lock.backend().pid()).isEqualTo(reader.pid());
            assertThat(lock.lock().mode()).isEqualTo("AccessShareLock");
        });
        assertThat(locks).anySatisfy(lock -> {
            assertThat(lock.isHeld()).isFalse();
            assertThat(lock.backend().pid()).isEqualTo(ddl.pid());
            assertThat(lock.lock().mode()).isEqualTo("AccessExclusiveLock");
        });
        assertThat(sessions.control().locksOn(TableName.parse("nowhere"))).isEmpty();
    }

    @Test
    void storyNamesTablesAndAllWaitersButNoCatalog() throws Exception {
        Session holder = sessions.open()
                .run("SELECT count(*) FROM pg_class")
                .run("SELECT * FROM hr.part")
                .run(UPDATE + 1);
        Session b = sessions.open().run(UPDATE + 2);
        b.startAndWait(UPDATE + 1, sessions.control());
        Session c = sessions.open();
        c.startAndWait(UPDATE + 2, sessions.control());

        BackendStory story =
                sessions.control().story(sessions.judged(holder).backend()).orElseThrow();

        assertThat(story.tables())
                .extracting(TableName::toString)
                .containsExactlyInAnyOrder("login", "hr.part", "hr.part_1");
        assertThat(story.locks()).contains(new HeldLock("relation", LOGIN, "RowExclusiveLock", null));
        assertThat(story.direct()).containsExactly(b.pid());
        assertThat(story.waiters()).extracting(Waiter::pid).containsExactlyInAnyOrder(b.pid(), c.pid());
        assertThat(story.waiters()).extracting(Waiter::table).containsOnly(LOGIN);
        assertThat(story.truncated()).isFalse();
    }

    /** The longest-waiting are asked first, and only so many: whoever waits for this backend is found all the same. */
    @Test
    void storyBesideALongerAndOlderQueueNamesItsOwnWaiter() throws Exception {
        sessions.open().run(UPDATE + 1);
        for (int i = 0; i <= LockQuery.MOST_WAITERS; i++) {
            sessions.open().startAndWait(UPDATE + 1, sessions.control());
        }
        Session holder = sessions.open().run(UPDATE + 2);
        Session waiter = sessions.open();
        waiter.startAndWait(UPDATE + 2, sessions.control());

        BackendStory story =
                sessions.control().story(sessions.judged(holder).backend()).orElseThrow();

        assertThat(story.waiters()).extracting(Waiter::pid).containsExactly(waiter.pid());
        assertThat(story.waiters()).extracting(Waiter::table).containsOnly(LOGIN);
    }

    @Test
    void storyBehindManyFollowersNamesTheOneThatWaitsForARow() throws Exception {
        Session leader = sessions.open().run("SELECT pg_advisory_xact_lock(42)").run(UPDATE + 1);
        for (int i = 0; i <= LockQuery.MOST_WAITERS; i++) {
            sessions.open().startAndWait("SELECT pg_advisory_xact_lock(42)", sessions.control());
        }
        Session waiter = sessions.open();
        waiter.startAndWait(UPDATE + 1, sessions.control());

        BackendStory story =
                sessions.control().story(sessions.judged(leader).backend()).orElseThrow();

        assertThat(story.waiters()).extracting(Waiter::pid).contains(waiter.pid());
        assertThat(story.onlyAdvisoryWaiters()).isFalse();
    }

    @Test
    void storyOfALongQueueTellsThatThereAreMore() throws Exception {
        Session holder = sessions.open().run(UPDATE + 1);
        for (int i = 0; i <= LockQuery.MOST_WAITERS; i++) {
            sessions.open().startAndWait(UPDATE + 1, sessions.control());
        }

        BackendStory story =
                sessions.control().story(sessions.judged(holder).backend()).orElseThrow();

        assertThat(story.waiters()).hasSizeBetween(LockQuery.MOST_WAITERS, LockQuery.MOST_WAITERS + 1);
        assertThat(story.truncated()).isTrue();
    }

    @Test
    void storyOfAnotherLifeOfThePidIsEmpty() throws Exception {
        Session holder = sessions.open();
        BackendId earlier = new BackendId(holder.pid(), "2020-01-01T00:00:00.000000Z");

        assertThat(sessions.control().story(earlier)).isEmpty();
    }

    @Test
    void nobodyWaitsAtAll() throws Exception {
        Session holder = sessions.open().run(UPDATE + 1);

        assertThat(sessions.control().blockingTree(List.of(holder.pid())).roots())
                .isEmpty();
        assertThat(sessions.control()
                        .story(sessions.judged(holder).backend())
                        .orElseThrow()
                        .somebodyWaits())
                .isFalse();
    }

    private static <T> T only(List<T> list) {
        assertThat(list).hasSize(1);
        return list.get(0);
    }
}
