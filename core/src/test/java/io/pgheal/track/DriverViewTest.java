package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.testserver.PostgresServer;
import java.io.StringReader;
import java.io.StringWriter;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.PGRefCursorResultSet;
import org.postgresql.PGResultSetMetaData;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOut;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.BaseStatement;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.ResultHandlerDelegate;
import org.postgresql.geometric.PGpoint;
import org.postgresql.jdbc.PgArray;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.jdbc.PgStatement;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

/** A lease whose driver was asked for by an interface is as well known as before; one that was got past is not. */
class DriverViewTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private Connection lent;
    private ConnectionHandle connection;

    interface Use {
        void of(Connection connection) throws Exception;
    }

    @BeforeEach
    void lend() throws SQLException {
        lent = SERVER.app().connect();
        connection = Leases.registry(new Leases.TestPool()).lend(lent, lent.unwrap(BaseConnection.class));
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMPORARY TABLE seen (id int, name text)");
            statement.execute("INSERT INTO seen VALUES (1, 'alice'), (2, 'bob')");
        }
        connection.commit();
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
        lent.close(); // also after a revocation
    }

    private static Named<Use> use(String what, Use use) {
        return Named.of(what, use);
    }

    @SuppressWarnings("deprecation") // the fast path
    static Stream<Named<Use>> covered() {
        return Stream.of(
                use("own types", it -> it.unwrap(PGConnection.class).addDataType("point", PGpoint.class)),
                use(
                        "notifications",
                        it -> assertThat(it.unwrap(PGConnection.class).getNotifications())
                                .isNullOrEmpty()),
                use("an array", it -> it.unwrap(PGConnection.class).createArrayOf("int4", new int[] {1})),
                use("settings", it -> {
                    PGConnection driver = it.unwrap(PGConnection.class);
                    driver.setPrepareThreshold(driver.getPrepareThreshold());
                    driver.setAutosave(driver.getAutosave());
                    assertThat(driver.getPreferQueryMode()).isNotNull();
                }),
                use("what the server said", it -> {
                    PGConnection driver = it.unwrap(PGConnection.class);
                    assertThat(driver.getBackendPID()).isPositive();
                    assertThat(driver.getParameterStatus("TimeZone")).isNotEmpty();
                    assertThat(driver.getParameterStatuses()).isNotEmpty();
                }),
                use(
                        "escaping",
                        it -> assertThat(it.unwrap(PGConnection.class).escapeLiteral("a'b"))
                                .isEqualTo("a''b")),
                use(
                        "copy in",
                        it -> assertThat(it.unwrap(PGConnection.class)
                                        .getCopyAPI()
                                        .copyIn("COPY seen FROM STDIN", new StringReader("3\tcarol\n")))
                                .isOne()),
                use(
                        "copy out",
                        it -> assertThat(new CopyManager(it.unwrap(BaseConnection.class))
                                        .copyOut("COPY seen TO STDOUT", new StringWriter()))
                                .isPositive()),
                use("large objects", it -> {
                    LargeObjectManager objects = it.unwrap(PGConnection.class).getLargeObjectAPI();
                    try (LargeObject object = objects.open(objects.createLO())) {
                        object.write(new byte[] {1, 2, 3});
                        assertThat(object.size()).isEqualTo(3);
                    }
                }),
                use(
                        "fast path",
                        it -> assertThat(it.unwrap(PGConnection.class).getFastpathAPI())
                                .isNotNull()),
                use(
                        "a statement of the driver's own",
                        it -> it.unwrap(BaseConnection.class).execSQLUpdate("UPDATE seen SET id = id")),
                use(
                        "the same connection",
                        it -> assertThat(((Connection) it.unwrap(BaseConnection.class)).unwrap(PGConnection.class))
                                .isSameAs(it.unwrap(PGConnection.class))),
                use("a statement", it -> {
                    try (Statement statement = it.createStatement()) {
                        statement.unwrap(PGStatement.class).setPrepareThreshold(1);
                        assertThat(statement.unwrap(PGStatement.class).getPrepareThreshold())
                                .isOne();
                        assertThat(statement.unwrap(PGStatement.class)).isEqualTo(statement.unwrap(PGStatement.class));
                    }
                }),
                use("a prepared statement", it -> {
                    try (PreparedStatement statement = it.prepareStatement("SELECT 1")) {
                        assertThat(statement.unwrap(PGStatement.class).isUseServerPrepare())
                                .isFalse();
                    }
                }),
                use("an array of a row", it -> {
                    try (Statement statement = it.createStatement();
                            ResultSet rows = statement.executeQuery("SELECT ARRAY[id] FROM seen")) {
                        rows.next();
                        assertThat(((PgArray) rows.getArray(1)).isBinary()).isFalse();
                    }
                }),
                use("metadata of a result", it -> {
                    try (Statement statement = it.createStatement();
                            ResultSet rows = statement.executeQuery("SELECT name AS person FROM seen")) {
                        assertThat(rows.getMetaData()
                                        .unwrap(PGResultSetMetaData.class)
                                        .getBaseColumnName(1))
                                .isEqualTo("name");
                    }
                }),
                use("a cursor's name", it -> {
                    try (Statement statement = it.createStatement();
                            ResultSet rows = statement.executeQuery("SELECT 1")) {
                        assertThat(rows.unwrap(PGRefCursorResultSet.class).getRefCursor())
                                .isNull();
                    }
                }));
    }

    @ParameterizedTest
    @MethodSource("covered")
    void whatStaysWithinTheLeaseLeavesItAsItWas(Use use) throws Exception {
        use.of(connection);
        assertThat(connection.lease.isUnwrapped()).isFalse();
        assertThat(connection.lease.isMoved()).isFalse();
        assertThat(connection.lease.callsInProgress()).isZero();
    }

    static Stream<Named<Use>> past() {
        return Stream.of(
                use("the driver's class", it -> it.unwrap(PgConnection.class)),
                use(
                        "the driver's class below",
                        it -> ((Connection) it.unwrap(PGConnection.class)).unwrap(PgConnection.class)),
                use(
                        "a statement that the driver makes",
                        it -> ((Connection) it.unwrap(PGConnection.class))
                                .createStatement()
                                .close()),
                use("metadata that the driver makes", it -> ((Connection) it.unwrap(PGConnection.class)).getMetaData()),
                use(
                        "rows that the driver makes",
                        it -> it.unwrap(BaseConnection.class)
                                .execSQLQuery("SELECT 1")
                                .close()),
                use("the driver's types", it -> it.unwrap(BaseConnection.class).getTypeInfo()),
                use("replication", it -> it.unwrap(PGConnection.class).getReplicationAPI()),
                use(
                        "replication's protocol",
                        it -> it.unwrap(BaseConnection.class).getQueryExecutor().getReplicationProtocol()),
                use("the driver's innards", it -> {
                    var executor = it.unwrap(BaseConnection.class).getQueryExecutor();
                    var query = executor.createSimpleQuery("SELECT 1");
                    executor.execute(
                            query, null, new ResultHandlerDelegate(null), 0, 0, QueryExecutor.QUERY_NO_RESULTS);
                }),
                use(
                        "a statement of the driver's core",
                        it -> it.createStatement().unwrap(BaseStatement.class)),
                use(
                        "a statement of the driver's class",
                        it -> it.createStatement().unwrap(PgStatement.class)));
    }

    @ParameterizedTest
    @MethodSource("past")
    void whatLeadsPastTheLeaseTakesItOutOfSight(Use use) throws Exception {
        assertThat(connection.lease.isUnwrapped()).isFalse();
        use.of(connection);
        assertThat(connection.lease.isUnwrapped()).isTrue();
    }

    /** To hold the view is to hold the connection. */
    @Test
    void aViewKeepsItsHandle() throws Exception {
        Statement statement = connection.createStatement();
        DriverView view = (DriverView) Proxy.getInvocationHandler(statement.unwrap(PGStatement.class));
        assertThat(view.handle).isSameAs(statement);
        assertThat(view.handle.connection()).isSameAs(connection);
    }

    @Test
    void aViewIsBehindTheFence() throws Exception {
        PGStatement view = connection.createStatement().unwrap(PGStatement.class);
        PGConnection driver = connection.unwrap(PGConnection.class);
        Leases.revoke(connection.lease);
        assertThatThrownBy(() -> view.setPrepareThreshold(1)).isInstanceOf(SQLException.class);
        assertThatThrownBy(driver::getNotifications).isInstanceOf(SQLException.class);
        assertThatThrownBy(driver::getCopyAPI).isInstanceOf(SQLException.class);
        assertThatThrownBy(() -> connection.unwrap(PGConnection.class)).isInstanceOf(SQLException.class);
    }

    @Test
    void unwrappingIsASignOfLife() throws Exception {
        int touches = connection.lease.touches();
        connection.unwrap(PGConnection.class);
        assertThat(connection.lease.touches()).isNotEqualTo(touches);
    }

    /** A text that only the driver saw would be none that may have committed, or bound the session. */
    @Test
    void aStatementOfTheDriversOwnIsReadAsAnyOther() throws Exception {
        connection.unwrap(BaseConnection.class).execSQLUpdate("LISTEN orders");
        assertThat(connection.lease.isSessionBound()).isTrue();
        assertThat(connection.lease.call()).isEqualTo(Call.EXECUTE);
        assertThat(connection.lease.statements()).contains("LISTEN orders");
    }

    /** Its next row may come from any thread, also one that rests until then. */
    @Test
    void aCopyIsMovingUntilItIsOver() throws Exception {
        CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();

        CopyIn ended = copies.copyIn("COPY seen FROM STDIN");
        assertThat(connection.lease.isMoved()).isTrue();
        ended.endCopy();
        assertThat(connection.lease.isMoved()).isFalse();

        CopyIn cancelled = copies.copyIn("COPY seen FROM STDIN");
        assertThat(connection.lease.isMoved()).isTrue();
        cancelled.cancelCopy();
        assertThat(connection.lease.isMoved()).isFalse();
        connection.rollback();

        CopyOut read = copies.copyOut("COPY seen TO STDOUT");
        while (read.readFromCopy() != null) {
            assertThat(connection.lease.isMoved()).isTrue();
        }
        assertThat(connection.lease.isMoved()).isFalse();

        assertThatThrownBy(() -> copies.copyIn("COPY seen FROM STDIN", new StringReader("no number\n")))
                .isInstanceOf(SQLException.class);
        assertThat(connection.lease.isMoved()).isFalse();
        connection.rollback();
    }
}
