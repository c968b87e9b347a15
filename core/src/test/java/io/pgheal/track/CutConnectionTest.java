package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

/** What clean-up code meets on a connection that an error cut. */
class CutConnectionTest {
    private final Raw lent = new Raw();
    private final Raw driver = new Raw();
    private final Leases.TestPool pool = new Leases.TestPool();
    private final Lease lease = Leases.lease(lent, driver, pool);
    private final Connection connection = new ConnectionHandle(lease, lent.as(Connection.class));

    private Statement cutBy(String sql) throws SQLException {
        Statement statement = connection.createStatement();
        lent.thrown = new StackOverflowError();
        assertThatThrownBy(() -> statement.execute(sql)).isSameAs(lent.thrown);
        lent.calls.clear();
        return statement;
    }

    @Test
    void rollbackAbortsAndTheRestOfTheCleanUpIsQuiet() throws SQLException {
        Statement statement = cutBy("update t set a = 1");
        assertThatCode(statement::close).doesNotThrowAnyException();
        assertThat(connection.getAutoCommit()).isFalse();
        assertThat(connection.isClosed()).isFalse();
        assertThatThrownBy(() -> connection.setAutoCommit(true)).isInstanceOf(CutConnectionException.class);
        assertThatThrownBy(connection::commit).isInstanceOf(CutConnectionException.class);
        connection.rollback();
        assertThat(pool.discarded).isEqualTo(1);
        connection.setAutoCommit(true);
        connection.setReadOnly(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        assertThat(connection.isClosed()).isFalse();
        assertThat(connection.isValid(1)).isFalse();
        assertThat((Object) connection.getWarnings()).isNull();
        assertThatThrownBy(connection::createStatement).isInstanceOf(CutConnectionException.class);
        connection.rollback();
        connection.close();
        connection.close();
        assertThat(connection.isClosed()).isTrue();
        assertThat(pool.discarded).isEqualTo(1);
        assertThat(lent.calls).isEmpty();
    }

    @Test
    void rollbackDoesNotPretendWhereTheCutCallMayHaveCommitted() throws SQLException {
        cutBy("COMMIT");
        assertThatThrownBy(connection::rollback)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08007"));
        assertThat(pool.discarded).isEqualTo(1);
        assertThatCode(connection::close).doesNotThrowAnyException();
    }

    @Test
    void closeWithoutRollbackAborts() throws SQLException {
        cutBy("update t set a = 1");
        connection.close();
        assertThat(pool.discarded).isEqualTo(1);
        assertThat(lent.calls).isEmpty();
    }

    @Test
    void aCallThatWasCutWithoutAWordIsFoundByTheNext() throws SQLException {
        lease.enter(Call.EXECUTE, "update t set a = 1"); // neither exit nor failed: an overflow cut them, too
        assertThatThrownBy(connection::commit).isInstanceOf(CutConnectionException.class);
        connection.rollback();
        assertThat(pool.discarded).isEqualTo(1);
    }

    @Test
    void aStreamOfTheApplicationMayComeBackThroughTheLease() throws SQLException {
        lease.enter(Call.HOST);
        for (int i = 0; i < 3; i++) {
            lease.enter(Call.FETCH);
            lease.exit();
        }
        lease.exit();
        assertThat(lease.isCut()).isFalse();
        assertThat(StateWord.callsInProgress(lease.state.read())).isZero();
    }

    @Test
    void aSecondThreadsCallDoesNotMakeTheFirstOnesLookCut() throws Exception {
        lease.enter(Call.EXECUTE, "select pg_sleep(1)");
        Thread other = new Thread(() -> {
            try {
                for (int i = 0; i < 3; i++) {
                    lease.enter(Call.PREPARE);
                    lease.exit();
                }
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        other.start();
        other.join();
        lease.exit();
        assertThat(lease.isCut()).isFalse();
    }
}
