package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.postgres.TransactionEnd;
import io.pgheal.testserver.PostgresServer;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.core.BaseConnection;

/** To move on to the next row is a call only where the driver may ask the server for it. */
class RowsInMemoryTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final String ROWS = "SELECT generate_series(1, 5)";

    private static HikariDataSource pool;

    private final LeaseRegistry registry = Leases.registry(new Leases.TestPool());
    private Connection lent;
    private ConnectionHandle connection;
    private Lease lease;

    @BeforeAll
    static void open() {
        pool = SERVER.app().pool("rows", 1);
    }

    @AfterAll
    static void close() {
        pool.close();
    }

    @BeforeEach
    void lend() throws SQLException {
        lent = pool.getConnection();
        connection = registry.lend(lent, lent.unwrap(BaseConnection.class));
        connection.setAutoCommit(false); // only then the driver leaves rows with the server
        lease = connection.lease;
    }

    @AfterEach
    void giveBack() {
        pool.evictConnection(lent);
    }

    private void assertCalls(ResultSet rows, boolean called) throws SQLException {
        while (true) {
            long before = StateWord.sequence(lease.word());
            int touches = lease.touches();
            boolean more = rows.next();
            assertThat(StateWord.sequence(lease.word()) - before).isEqualTo(called ? 1 : 0);
            assertThat(lease.touches() - touches).isEqualTo(called ? 0 : 1);
            if (!more) {
                return;
            }
        }
    }

    @Test
    void rowsThatAllCameAreReadWithoutACall() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            assertCalls(statement.executeQuery(ROWS), false);
        }
        try (PreparedStatement statement = connection.prepareStatement(ROWS)) {
            assertCalls(statement.executeQuery(), false);
        }
    }

    @Test
    void rowsThatAreLeftWithTheServerAreFetchedByCalls() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(2);
            assertCalls(statement.executeQuery(ROWS), true);
        }
        try (PreparedStatement statement = connection.prepareStatement(ROWS)) {
            statement.setFetchSize(2);
            assertCalls(statement.executeQuery(), true);
        }
    }

    /** By then the application may have changed the fetch size of rows that are left with the server. */
    @Test
    void rowsThatCameAnotherWayAreFetchedByCalls() throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ROWS)) {
            statement.setFetchSize(2);
            statement.execute();
            statement.getResultSet().setFetchSize(0);
            assertCalls(statement.getResultSet(), true);
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE OR REPLACE FUNCTION rows_by_cursor() RETURNS refcursor AS $$ "
                    + "DECLARE c refcursor; BEGIN OPEN c FOR " + ROWS + "; RETURN c; END $$ LANGUAGE plpgsql");
        }
        try (CallableStatement call = connection.prepareCall("{? = call rows_by_cursor()}")) {
            call.registerOutParameter(1, Types.REF_CURSOR);
            call.execute();
            assertCalls((ResultSet) call.getObject(1), true);
        }
    }

    /** As a call that fetches does. */
    @Test
    void aSecondThreadThatReadsMovesTheLease() throws Exception {
        ResultSet rows = connection.createStatement().executeQuery(ROWS);
        rows.next();
        assertThat(lease.isMoved()).isFalse();
        inAnotherThread(rows);
        assertThat(lease.isMoved()).isTrue();
        assertThat(lease.isCalledElsewhere()).isTrue();
    }

    private static void inAnotherThread(ResultSet rows) throws InterruptedException, ExecutionException {
        FutureTask<Boolean> read = new FutureTask<>(rows::next);
        new Thread(read).start();
        assertThat(read.get()).isTrue();
    }

    @Test
    void afterTheFenceNoRowIsRead() throws SQLException {
        ResultSet rows = connection.createStatement().executeQuery(ROWS);
        rows.next();
        Leases.revoke(lease);
        assertThatThrownBy(rows::next).isInstanceOf(SQLException.class).hasMessage("Connection is closed");
    }

    @Test
    void anErrorPoisonsAndMisuseDoesNot() {
        Raw raw = new Raw();
        ResultSet rows = new RowsInMemoryHandle(lease, connection, raw.as(ResultSet.class));
        raw.thrown = new SQLException("no", "42601");
        assertThatThrownBy(rows::next).isSameAs(raw.thrown);
        assertThat(lease.isCut()).isFalse();
        raw.thrown = new StackOverflowError();
        assertThatThrownBy(rows::next).isSameAs(raw.thrown);
        assertThat(lease.isCut()).isTrue();
    }

    /** A cursor of the server's is closed by a statement; these rows have none. */
    @Test
    void onlyRowsInMemoryAreReleased() throws SQLException {
        connection.createStatement().executeQuery(ROWS).close();
        assertThat(lease.call()).isEqualTo(Call.LOCAL);
        Statement statement = connection.createStatement();
        statement.setFetchSize(2);
        statement.executeQuery(ROWS).close();
        assertThat(lease.call()).isEqualTo(Call.RESET);
    }

    /** At once, as by a call: before the next look, the lease may be closed. */
    @Test
    void readingRefutesASuspicion() throws SQLException {
        Revocation would = new Revocation("1", "test", true, TransactionEnd.ROLLED_BACK);
        ResultSet rows = connection.createStatement().executeQuery(ROWS);
        lease.suspect(would, registry.look(0, null).get(0));
        rows.next();
        assertThat(registry.events()).containsExactly(new LeaseEvent.Refuted(lease, would));
        rows.next();
        assertThat(registry.events()).as("once").isEmpty();
    }
}
