package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clean-up code meets on a connection that an error cut. */
class CutConnectionTest {
    private final Raw lent = new Raw();
    private final Raw driver = new Raw();
    private final Leases.TestPool pool = new Leases.TestPool();
    private final Lease lease = Leases.lease(lent, driver, pool);
    private final Connection connection = new ConnectionHandle(lease);

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
        assertThat(lease.callsInProgress()).isZero();
    }

    /** A stream that was given before is read when the statement is executed. */
    @Test
    void theApplicationsOwnCodeMayCallWhileAStatementRuns() throws Exception {
        InputStream rows = HostedStream.of(lease, new InputStream() {
            @Override
            public int read() throws IOException {
                try {
                    lease.enter(Call.FETCH);
                    lease.exit();
                    lease.enter(Call.EXECUTE, "select 1");
                    lease.failed(new SQLException("in a test"));
                    return 1;
                } catch (SQLException refused) {
                    throw new IOException(refused);
                }
            }
        });
        lease.enter(Call.EXECUTE, "insert into t values (?)");
        for (int i = 0; i < 3; i++) {
            assertThat(rows.read()).isOne();
            assertThat(lease.call()).isEqualTo(Call.EXECUTE);
        }
        lease.exit();
        assertThat(lease.isCut()).isFalse();
        assertThat(lease.callsInProgress()).isZero();
        lease.enter(Call.COMMIT);
        lease.exit();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStatementThatWasCutWithoutAWordAfterItReadAStreamIsFoundByTheNext(boolean streamCalls) throws Exception {
        lease.enter(Call.EXECUTE, "insert into t values (?)");
        Lease.Hosting before = lease.hostingBegins();
        if (streamCalls) {
            lease.enter(Call.FETCH);
            lease.exit();
        }
        lease.hostingEnds(before);
        assertThatThrownBy(connection::commit).isInstanceOf(CutConnectionException.class);
    }

    /** Neither the end of the stream's reading nor the look at the failure came to its end. */
    @Test
    void aStatementThatWasCutWhileItReadAStreamIsFoundByTheNext() throws SQLException {
        lease.enter(Call.EXECUTE, "insert into t values (?)");
        lease.hostingBegins();
        assertThatThrownBy(() -> lease.failed(new CutAgain())).isInstanceOf(StackOverflowError.class);
        assertThatThrownBy(connection::commit).isInstanceOf(CutConnectionException.class);
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

    @Test
    void whetherTheCutCallMayHaveCommittedIsToldByTheCall() throws SQLException {
        lent.thrown = new StackOverflowError();
        assertThatThrownBy(connection::commit).isSameAs(lent.thrown);
        assertUnknown();

        CutConnectionTest prepared = new CutConnectionTest();
        prepared.lent.thrown = new StackOverflowError();
        assertThatThrownBy(() -> prepared.connection.createStatement()).isSameAs(prepared.lent.thrown);
        assertThatCode(prepared.connection::rollback).doesNotThrowAnyException();
    }

    @Test
    void anAutoCommitStatementThatWasCutMayHaveCommitted() throws SQLException {
        Raw inAutoCommit = new Raw() {
            @Override
            Object answer(Class<?> type) {
                return type == boolean.class ? true : super.answer(type);
            }
        };
        Connection auto = new ConnectionHandle(Leases.lease(lent, inAutoCommit, pool));
        Statement statement = auto.createStatement();
        lent.thrown = new StackOverflowError();
        assertThatThrownBy(() -> statement.execute("update t set a = 1")).isSameAs(lent.thrown);
        assertThatThrownBy(auto::rollback)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08007"));
    }

    private void assertUnknown() {
        assertThatThrownBy(connection::rollback)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08007"));
    }

    @Test
    void anErrorInsideAnExceptionOrAFailureInsideTheProtocolCuts() {
        assertThat(CutCall.isCutBy(new SQLException("I/O", "08006", new StackOverflowError())))
                .isTrue();
        assertThat(CutCall.isCutBy(new SQLException("no", "42601", new java.io.IOException())))
                .isFalse();
        assertThat(CutCall.isCutBy(thrownAt("org.postgresql.core.v3.QueryExecutorImpl")))
                .isTrue();
        assertThat(CutCall.isCutBy(new IllegalStateException(thrownAt("org.postgresql.core.PGStream"))))
                .isTrue();
        assertThat(CutCall.isCutBy(thrownAt("org.postgresql.jdbc.PgPreparedStatement")))
                .isFalse();
        RuntimeException withoutTrace = new NullPointerException();
        withoutTrace.setStackTrace(new StackTraceElement[0]);
        assertThat(CutCall.isCutBy(withoutTrace)).isTrue();
    }

    private static RuntimeException thrownAt(String type) {
        RuntimeException thrown = new IllegalArgumentException();
        thrown.setStackTrace(new StackTraceElement[] {
            new StackTraceElement(type, "receive", null, -1), new StackTraceElement("com.acme.Main", "main", null, -1)
        });
        return thrown;
    }

    @Test
    void aCloseWithoutTheStackForItIsLeftToTheHealingSide() throws Exception {
        Thread deep = new Thread(null, () -> closeAtTheBottom(), "deep", 256 * 1024);
        deep.start();
        deep.join();
        assertThat(StateWord.isCloseRefused(lease.word())).isTrue();
        assertThat(StateWord.isTaken(lease.word())).isFalse();
        assertThat(lent.calls).isEmpty();
        assertThat(lease.tryTake(false)).isTrue();
    }

    /** Tries on each level on the way up, until one gets so far as to be refused. */
    @SuppressWarnings("InfiniteRecursion")
    private void closeAtTheBottom() {
        try {
            closeAtTheBottom();
        } catch (StackOverflowError onTheWayUp) {
            try {
                connection.close();
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            } catch (StackOverflowError refused) {
                if (!StateWord.isCloseRefused(lease.word())) {
                    throw refused;
                }
            }
        }
    }

    /** The error is cut once more where it is looked at. */
    private static final class CutAgain extends SQLException {
        private static final long serialVersionUID = 1L;

        @Override
        public synchronized Throwable getCause() {
            throw new StackOverflowError("in a test");
        }
    }

    @Test
    void aCallWhoseFailureNobodySawIsSeenByTheNextOne() throws SQLException {
        for (boolean host : new boolean[] {true, false}) {
            Lease cut = Leases.lease(lent, driver, pool);
            Connection handle = new ConnectionHandle(cut);
            lent.thrown = new CutAgain();
            assertThatThrownBy(() -> {
                        if (host) {
                            handle.createArrayOf("int4", new Object[0]);
                        } else {
                            handle.createStatement();
                        }
                    })
                    .isInstanceOf(StackOverflowError.class);
            lent.thrown = null;
            assertThatThrownBy(handle::createStatement).isInstanceOf(CutConnectionException.class);
        }
    }

    @Test
    void theApplicationsOwnCodeMayCallWhileItIsHost() throws SQLException {
        lent.during = () -> {
            lent.during = () -> {};
            try {
                lent.thrown = new SQLException("in a test");
                assertThatThrownBy(() -> connection.createArrayOf("int4", new Object[0]))
                        .isSameAs(lent.thrown);
                lent.thrown = null;
                connection.createStatement();
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        };
        connection.createArrayOf("int4", new Object[0]);
        connection.createStatement();
        assertThat(StateWord.isPoisoned(lease.word())).isFalse();
    }
}
