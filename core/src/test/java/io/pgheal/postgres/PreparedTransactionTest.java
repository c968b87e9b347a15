package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.PostgresServer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A prepared transaction holds its locks without any backend. */
@Tag("thorough")
class PreparedTransactionTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.dedicated().config("max_prepared_transactions", "5");

    @RegisterExtension
    final Sessions sessions = new Sessions(SERVER);

    @Test
    void isNamedByItsGidForRowsAndForTables() throws Exception {
        sessions.setUp("CREATE TABLE login (id int PRIMARY KEY, n int)", "INSERT INTO login VALUES (1, 0)");
        sessions.open().run("UPDATE login SET n = 1").run("PREPARE TRANSACTION 'payment-17'");
        Session row = sessions.open();
        row.startAndWait("UPDATE login SET n = 2", sessions.control());
        Session table = sessions.open();
        table.startAndWait("LOCK TABLE login IN ACCESS EXCLUSIVE MODE", sessions.control());

        BlockingTree tree = sessions.control().fullBlockingTree(null);

        assertThat(tree.roots()).containsExactly(BlockingTree.PREPARED);
        assertThat(tree.waiters()).hasSize(2).allSatisfy(waiter -> {
            assertThat(waiter.blockedBy()).contains(0);
            assertThat(waiter.preparedGid()).isEqualTo("payment-17");
            assertThat(waiter.table()).hasToString("login");
        });
        assertThat(tree.rootsOf(row.pid())).containsExactly(0);
        List<TableLock> locks = sessions.control().locksOn(TableName.parse("login"));
        assertThat(locks).anySatisfy(lock -> {
            assertThat(lock.preparedGid()).isEqualTo("payment-17");
            assertThat(lock.backend()).isNull();
            assertThat(lock.isHeld()).isTrue();
        });
    }

    /** It outlives every session, and keeps its database from being dropped. */
    @AfterEach
    void rollBack() throws Exception {
        sessions.setUp("ROLLBACK PREPARED 'payment-17'");
    }
}
