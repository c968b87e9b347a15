package io.pgheal.track;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.testserver.Garbage;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLXML;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGResultSetMetaData;
import org.postgresql.PGStatement;
import org.postgresql.core.BaseConnection;
import org.postgresql.jdbc.PgArray;
import org.postgresql.util.PGobject;

/** What the driver makes of a value, and what the application gets through pgheal: over HikariCP both are the same. */
class DriverValuesTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final List<String> ARRAYS = List.of(
            "ARRAY['a,b', 'c\"d', NULL, '']::text[]",
            "'{}'::text[]",
            "NULL::text[]",
            "ARRAY[[1, 2], [3, 4]]",
            "'[0:2]={7,8,9}'::int8[]",
            "ARRAY[true, false]",
            "ARRAY[1.5, 2.25]::float8[]",
            "ARRAY[1.50, 'NaN']::numeric[]",
            "ARRAY['x'::varchar, 'y']",
            "ARRAY['ab'::char(3)]",
            "ARRAY['d'::\"char\"]",
            "ARRAY['n'::name]",
            "ARRAY['6e2b0a5c-8f0e-4a7a-9d4a-2f0a1f5f3b11'::uuid]",
            "ARRAY['2026-01-02 03:04:05+00'::timestamptz]",
            "ARRAY['2026-01-02'::date]",
            "ARRAY['\\x0102'::bytea]",
            "ARRAY['{\"a\": 1}'::jsonb]",
            "ARRAY['(1,2),(3,4)'::box, '(5,6),(7,8)']",
            "ARRAY['(1,2)'::point]",
            "ARRAY['192.168.0.1'::inet]",
            "ARRAY['sad', 'glad']::mood[]",
            "ARRAY['Up', 'Down']::\"Elsewhere\".\"Way\"[]",
            "ARRAY[ROW(1, 'one')::pair]",
            "ARRAY['k']::label[]",
            "'1 2'::int2vector",
            "'{a,b}'::text");

    private static HikariDataSource pool;

    private static LeaseRegistry registry;

    private final List<Connection> lent = new ArrayList<>();

    /** Lends a connection, guarded or as its pool lends it. */
    interface Lender {
        Connection lend() throws Exception;
    }

    interface Use {
        Object of(Lender lender) throws Exception;
    }

    enum End {
        CLOSED,
        REVOKED,
        CUT
    }

    @BeforeAll
    static void create() throws SQLException {
        SERVER.app()
                .run(
                        "DROP TABLE IF EXISTS valued",
                        "DROP TYPE IF EXISTS mood, pair",
                        "DROP DOMAIN IF EXISTS label",
                        "DROP SCHEMA IF EXISTS \"Elsewhere\" CASCADE",
                        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
                        "CREATE TYPE pair AS (number int, name text)",
                        "CREATE DOMAIN label AS text",
                        "CREATE SCHEMA \"Elsewhere\"",
                        "CREATE TYPE \"Elsewhere\".\"Way\" AS ENUM ('Up', 'Down')",
                        "CREATE TABLE valued (id serial, names text[], moods mood[])");
        pool = SERVER.app().pool("values", 3);
        registry = Leases.registry(new Leases.TestPool());
    }

    @AfterAll
    static void close() {
        pool.close();
    }

    private Connection fromPool() throws SQLException {
        Connection connection = pool.getConnection();
        lent.add(connection);
        return connection;
    }

    private ConnectionHandle guarded() throws SQLException {
        Connection connection = fromPool();
        return registry.lend(connection, connection.unwrap(BaseConnection.class));
    }

    /** No driver of an earlier test knows the types that only the server knows. */
    @AfterEach
    void giveBack() {
        lent.forEach(pool::evictConnection);
        lent.clear();
    }

    private static Named<Use> use(String what, Use use) {
        return Named.of(what, use);
    }

    private static ResultSet row(Connection connection, String sql) throws SQLException {
        ResultSet rows = connection.createStatement().executeQuery(sql);
        rows.next();
        return rows;
    }

    private static Array array(Connection connection, String expression) throws SQLException {
        return row(connection, "SELECT " + expression).getArray(1);
    }

    /** In the binary form, for the types that have one: the driver asks for it once it has prepared the statement. */
    private static Array binary(Connection connection, String expression) throws SQLException {
        PreparedStatement statement = connection.prepareStatement("SELECT " + expression);
        statement.unwrap(PGStatement.class).setPrepareThreshold(-1);
        ResultSet rows = statement.executeQuery();
        rows.next();
        return rows.getArray(1);
    }

    static Stream<Named<Use>> uses() {
        List<Named<Use>> uses = new ArrayList<>();
        for (String array : ARRAYS) {
            uses.add(use("text " + array, it -> {
                try (Connection connection = it.lend()) {
                    return all(array(connection, array));
                }
            }));
            uses.add(use("closed text " + array, it -> {
                Array kept;
                try (Connection connection = it.lend()) {
                    kept = array(connection, array);
                }
                return all(kept);
            }));
            uses.add(use("closed binary " + array, it -> {
                Array kept;
                try (Connection connection = it.lend()) {
                    kept = binary(connection, array);
                }
                return all(kept);
            }));
        }
        uses.addAll(List.of(
                use("an object", it -> {
                    Object kept;
                    try (Connection connection = it.lend()) {
                        kept = row(connection, "SELECT ARRAY['a', 'b']").getObject(1);
                    }
                    return all((PgArray) kept);
                }),
                use("an object of a class", it -> {
                    try (Connection connection = it.lend()) {
                        return all(row(connection, "SELECT ARRAY['a', 'b']").getObject(1, Array.class));
                    }
                }),
                use("a slice", it -> {
                    Array kept;
                    try (Connection connection = it.lend()) {
                        kept = array(connection, "ARRAY[1, 2, 3]");
                    }
                    return render(kept.getArray(2, 2)) + render(kept.getArray(Map.of()));
                }),
                use("out of range", it -> {
                    try (Connection connection = it.lend()) {
                        return attempt(() -> array(connection, "ARRAY[1]").getArray(2, 5));
                    }
                }),
                use("freed", it -> {
                    try (Connection connection = it.lend()) {
                        Array kept = array(connection, "ARRAY[1]");
                        kept.free();
                        return attempt(kept::getArray) + kept;
                    }
                }),
                use("rows of an array", it -> {
                    try (Connection connection = it.lend()) {
                        return rows(array(connection, "ARRAY['a', 'b']").getResultSet());
                    }
                }),
                use("rows of rows of an array", it -> {
                    try (Connection connection = it.lend()) {
                        ResultSet outer =
                                binary(connection, "ARRAY[[1, 2], [3, 4]]").getResultSet(1, 1);
                        outer.next();
                        return rows(outer.getArray(2).getResultSet());
                    }
                }),
                use("made, bound on another connection after the close", it -> {
                    Array kept;
                    try (Connection connection = it.lend()) {
                        kept = connection.createArrayOf("text", new Object[] {"a", null, "b,c"});
                    }
                    return inserted(it, kept, null) + kept;
                }),
                use("made of primitives, bound on another connection after the close", it -> {
                    Array kept;
                    try (Connection connection = it.lend()) {
                        kept = connection.unwrap(PGConnection.class).createArrayOf("int4", new int[] {1, 2});
                    }
                    return all(kept) + inserted(it, kept, null);
                }),
                use("made of an own type, bound on another connection after the close", it -> {
                    Array kept;
                    try (Connection connection = it.lend()) {
                        kept = connection.createArrayOf("mood", new Object[] {"sad"});
                    }
                    return inserted(it, null, kept) + kept;
                }),
                use("read, bound on another connection while the first is open", it -> {
                    try (Connection connection = it.lend()) {
                        return inserted(it, array(connection, "ARRAY['a', 'b']"), null);
                    }
                }),
                use("bound where it was made", it -> {
                    try (Connection connection = it.lend()) {
                        return inserted(() -> connection, connection.createArrayOf("text", new Object[] {"a"}), null);
                    }
                }),
                use("XML after the close", it -> {
                    SQLXML kept;
                    SQLXML made;
                    try (Connection connection = it.lend()) {
                        kept = row(connection, "SELECT '<a>1</a>'::xml").getSQLXML(1);
                        made = connection.createSQLXML();
                    }
                    made.setString("<b/>");
                    try (Connection connection = it.lend();
                            PreparedStatement statement = connection.prepareStatement("SELECT ?::xml::text")) {
                        statement.setSQLXML(1, made);
                        ResultSet rows = statement.executeQuery();
                        rows.next();
                        return kept.getString()
                                + new String(kept.getBinaryStream().readAllBytes(), UTF_8)
                                + rows.getString(1)
                                + kept.getClass();
                    }
                }),
                use("the driver's metadata by cast", it -> {
                    try (Connection connection = it.lend()) {
                        PGResultSetMetaData columns =
                                (PGResultSetMetaData) row(connection, "SELECT 1 AS one, names AS alias FROM valued")
                                        .getMetaData();
                        return columns.getBaseColumnName(2)
                                + columns.getBaseTableName(2)
                                + columns.getBaseSchemaName(2)
                                + columns.getFormat(1);
                    }
                }),
                use("a statement as text", it -> {
                    try (Connection connection = it.lend();
                            PreparedStatement statement = connection.prepareStatement("SELECT ?")) {
                        statement.setString(1, "seen");
                        return withoutPool(statement);
                    }
                }),
                use("a closed statement as text", it -> {
                    PreparedStatement statement;
                    try (Connection connection = it.lend()) {
                        statement = connection.prepareStatement("SELECT ?");
                        statement.setString(1, "seen");
                    }
                    return withoutPool(statement);
                })));
        return uses.stream();
    }

    @ParameterizedTest
    @MethodSource("uses")
    void isTheSameThroughPgheal(Use use) throws Exception {
        Object expected = attempt(() -> use.of(this::fromPool));
        giveBack();
        assertThat(attempt(() -> use.of(this::guarded))).isEqualTo(expected);
    }

    /** Whatever the driver answers from memory; what it has to ask the server for is refused, and in plain words. */
    @ParameterizedTest
    @EnumSource(End.class)
    void metadataOutlivesItsLeaseAsFarAsItIsInMemory(End end) throws Exception {
        Connection plain = fromPool();
        Connection guarded = guarded();
        Map<String, String> expected = new TreeMap<>();
        Map<String, String> seen = new TreeMap<>();
        PreparedStatement raw = plain.prepareStatement("SELECT id, names FROM valued WHERE id = ?");
        PreparedStatement ours = guarded.prepareStatement("SELECT id, names FROM valued WHERE id = ?");
        Map<Object, Object> pairs = Map.of(
                raw.getMetaData(), ours.getMetaData(),
                raw.getParameterMetaData(), ours.getParameterMetaData(),
                plain.getMetaData(), guarded.getMetaData());
        end(((ConnectionHandle) guarded).lease, end);
        for (Map.Entry<Object, Object> pair : pairs.entrySet()) {
            for (Class<?> type : Set.of(ResultSetMetaData.class, ParameterMetaData.class, DatabaseMetaData.class)) {
                for (Method method : type.getDeclaredMethods()) {
                    if (type.isInstance(pair.getKey()) && "ask".equals(HandlesTable.kind(type, method))) {
                        Object[] arguments = Arrays.stream(method.getParameterTypes())
                                .map(Raw::plain)
                                .toArray();
                        expected.put(method.toString(), attempt(() -> method.invoke(pair.getKey(), arguments)));
                        seen.put(method.toString(), attempt(() -> method.invoke(pair.getValue(), arguments)));
                    }
                }
            }
        }
        assertThat(seen).isEqualTo(expected).hasSizeGreaterThan(130);
        assertThatThrownBy(() -> ours.getMetaData()).isInstanceOf(SQLException.class);
    }

    private static void end(Lease lease, End how) throws SQLException {
        switch (how) {
            case CLOSED -> lease.close();
            case REVOKED -> Leases.revoke(lease);
            case CUT -> lease.cut(new StackOverflowError());
        }
    }

    @ParameterizedTest
    @EnumSource(End.class)
    void anArrayOfALeaseThatIsOverIsBoundInAnOpenTransactionOfAnother(End end) throws Exception {
        ConnectionHandle first = guarded();
        Array text = first.createArrayOf("text", new Object[] {"a"});
        Array mood = array(first, "ARRAY['sad']::mood[]");
        end(first.lease, end);

        Connection second = guarded();
        second.setAutoCommit(false);
        Sql.run(second, "INSERT INTO valued (id) VALUES (1000)");
        assertThat(inserted(() -> second, text, mood)).isEqualTo("{a}{sad}");
        try (PreparedStatement statement = second.prepareStatement("SELECT ?::text, ?::text")) {
            statement.setObject(1, text);
            statement.setObject(2, mood);
            ResultSet rows = statement.executeQuery();
            rows.next();
            assertThat(rows.getString(1) + rows.getString(2)).isEqualTo("{a}{sad}");
        }
        second.rollback();
        assertThat(second.isClosed()).isFalse();
    }

    /** HikariCP closes a connection over which an exception of class 08 came, and rolls its transaction back. */
    @ParameterizedTest
    @EnumSource(End.class)
    void anArrayOfUnknownTypeOfALeaseThatIsOverHarmsNoTransactionOfAnother(End end) throws Exception {
        ConnectionHandle first = guarded();
        first.setAutoCommit(false);
        ResultSet row = row(first, "SELECT ARRAY['sad']::mood[]");
        assertThatThrownBy(() -> Sql.run(first, "no statement")).isInstanceOf(SQLException.class);
        Array unknown = row.getArray(1); // and in a failed transaction the server cannot be asked for its type
        end(first.lease, end);

        Connection second = guarded();
        second.setAutoCommit(false);
        Sql.run(second, "INSERT INTO valued (id) VALUES (1001)");
        try (PreparedStatement statement = second.prepareStatement("SELECT ?::mood[]")) {
            for (Use bind : List.<Use>of(
                    it -> {
                        statement.setArray(1, unknown);
                        return null;
                    },
                    it -> {
                        statement.setObject(1, unknown);
                        return null;
                    })) {
                assertThatThrownBy(() -> bind.of(() -> second))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                thrown -> assertThat(thrown.getSQLState()).doesNotStartWith("08"));
            }
        }
        assertThat(unknown.toString()).isEqualTo("{sad}");
        assertThat(Sql.number(second, "SELECT count(*) FROM valued WHERE id = 1001"))
                .isOne();
        second.rollback();
    }

    /** Its rows lead to a statement. */
    @ParameterizedTest
    @EnumSource(End.class)
    void rowsOfAnArrayAreBehindTheFence(End end) throws Exception {
        ConnectionHandle connection = guarded();
        Array kept = array(connection, "ARRAY[1, 2]");
        ResultSet rows = kept.getResultSet();
        rows.next();
        assertThat(rows.getStatement().getConnection()).isSameAs(connection);
        end(connection.lease, end);
        assertThatThrownBy(() -> rows.getStatement().executeQuery("SELECT 1")).isInstanceOf(SQLException.class);
        assertThatThrownBy(kept::getResultSet).isInstanceOf(SQLException.class);
        assertThat((Integer[]) kept.getArray()).containsExactly(1, 2);
    }

    /** A value is read on the application's own account: the server is not asked, nor the lease. */
    @Test
    void readingAnArrayIsNoCall() throws Exception {
        ConnectionHandle connection = guarded();
        Array kept = array(connection, "ARRAY['sad']::mood[]");
        long word = connection.lease.word();
        int touches = connection.lease.touches();
        assertThat(all(kept)).contains("sad");
        assertThat(connection.lease.word()).isEqualTo(word);
        assertThat(connection.lease.touches()).isEqualTo(touches);
        assertThat(connection.lease.isUnwrapped()).isFalse();
        connection.close();
    }

    /** Or a kept array would keep a lease that nobody can use. Its rows lead back to the connection. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void rowsOfAnArrayHoldItsConnectionAndTheArrayDoesNot(boolean rows) throws Exception {
        WeakReference<?>[] handle = new WeakReference<?>[1];
        Object[] kept = {made(handle, rows)};
        if (rows) {
            WeakReference<?> control = new WeakReference<>(new Object());
            Garbage.collectUntil(() -> control.refersTo(null));
            assertThat(handle[0].refersTo(null)).isFalse();
            assertThat(kept[0]).isNotNull();
            kept[0] = null;
        }
        Garbage.collectUntil(() -> handle[0].refersTo(null));
        if (kept[0] instanceof Array array) {
            assertThat((Integer[]) array.getArray()).containsExactly(1, 2);
            assertThatThrownBy(array::getResultSet).isInstanceOf(SQLException.class);
        }
    }

    private Object made(WeakReference<?>[] handle, boolean rows) throws Exception {
        ConnectionHandle connection = guarded();
        handle[0] = new WeakReference<>(connection);
        Array array = array(connection, "ARRAY[1, 2]");
        return rows ? array.getResultSet() : array;
    }

    /** The driver cannot be asked what an array of another class leads to. */
    @Test
    void anArrayOfSomebodyElsesVoidsTheEvidence() throws Exception {
        ConnectionHandle connection = guarded();
        Array others = new Raw().as(Array.class);
        assertThat(connection.wrap(others)).isSameAs(others);
        assertThat(connection.lease.isUnwrapped()).isTrue();
        connection.close();
    }

    @Test
    void whatIsUnknownOfAnArrayIsNoFaultOfAConnection() {
        for (String state : new String[] {null, "08003", "08006"}) {
            assertThat(ArrayType.unknown("why", new SQLException("why", state)).getSQLState())
                    .isEqualTo("55000");
        }
    }

    /** Else every later borrower of the physical connection sees another name. */
    @Test
    void anArrayChangesNothingThatTheDriverKnows() throws Exception {
        String plain;
        try (Connection connection = fromPool()) {
            plain = nameOfTheArray(connection);
        }
        giveBack();
        try (ConnectionHandle connection = guarded()) {
            assertThat(nameOfTheArray(connection)).isEqualTo(plain);
        }
    }

    private static String nameOfTheArray(Connection connection) throws SQLException {
        ResultSet rows = row(connection, "SELECT '{Up}'::\"Elsewhere\".\"Way\"[]");
        rows.getArray(1).getArray();
        return rows.getMetaData().getColumnTypeName(1);
    }

    /** The driver reads elements under locks of its own. */
    @Test
    void anErrorWhileAnArrayIsReadPoisons() throws Exception {
        ConnectionHandle connection = guarded();
        connection.unwrap(PGConnection.class).addDataType("pair", TooDeep.class);
        Array array = array(connection, "ARRAY[ROW(1, 'one')::pair]");
        assertThatThrownBy(array::getArray).isInstanceOf(StackOverflowError.class);
        assertThat(connection.lease.isCut()).isTrue();
        connection.close();
    }

    /** By then the connection is somebody else's, or nobody's. */
    @Test
    void anErrorAfterTheLeaseIsNoQuarantine() throws Exception {
        ConnectionHandle connection = guarded();
        connection.unwrap(PGConnection.class).addDataType("pair", TooDeep.class);
        Array array = array(connection, "ARRAY[ROW(1, 'one')::pair]");
        connection.close();
        long before = registry.quarantined();
        assertThatThrownBy(array::getArray).isInstanceOf(StackOverflowError.class);
        assertThat(registry.quarantined()).isEqualTo(before);
    }

    /** Nobody notices then that a lock of the driver's stays locked, and the next borrower would wait for ever. */
    @Test
    void whereTheStackEndsAnArrayThatOutlivedItsLeaseIsNotReadAtAll() throws Exception {
        ConnectionHandle connection = guarded();
        connection.unwrap(PGConnection.class).addDataType("pair", Deep.class);
        Array array = array(connection, "ARRAY[ROW(1, 'one')::pair]");
        connection.close();
        array.getArray(); // no class is new any more
        Deep.reached = false;
        int failed = Climb.run(1, 2, array::getArray, thrown -> {
            assertThat(thrown != null && Deep.reached).isFalse();
            Deep.reached = false;
        });
        assertThat(failed).isPositive();
    }

    public static final class Deep extends PGobject {
        private static final long serialVersionUID = 1;
        static volatile boolean reached;

        @Override
        public void setValue(String value) {
            reached = true;
            deeper(50);
        }

        private static int deeper(int levels) {
            return levels == 0 ? 0 : 1 + deeper(levels - 1);
        }
    }

    public static final class TooDeep extends PGobject {
        private static final long serialVersionUID = 1;

        @Override
        public void setValue(String value) {
            throw new StackOverflowError();
        }
    }

    @Test
    void metadataLeadsToTheHandleOnly() throws Exception {
        ConnectionHandle connection = guarded();
        DatabaseMetaData metadata = connection.getMetaData();
        connection.close();
        assertThat(metadata.getConnection()).isSameAs(connection);
    }

    // ---- what was seen, as text

    private static String inserted(Lender lender, Array names, Array moods) throws Exception {
        Connection connection = lender.lend();
        try (PreparedStatement statement =
                connection.prepareStatement("INSERT INTO valued (names, moods) VALUES (?, ?) RETURNING names, moods")) {
            statement.setArray(1, names);
            statement.setObject(2, moods, Types.ARRAY);
            ResultSet rows = statement.executeQuery();
            rows.next();
            String seen = rows.getString(1) + rows.getString(2);
            return seen.replace("null", "");
        }
    }

    private static String rows(ResultSet rows) throws SQLException {
        StringBuilder seen = new StringBuilder();
        while (rows.next()) {
            seen.append(rows.getInt(1)).append('=').append(rows.getString(2)).append(' ');
        }
        return seen.append(rows.getMetaData().getColumnTypeName(2)).toString();
    }

    /** Everything that an array tells of itself. */
    private static String all(Array array) {
        if (array == null) {
            return "null";
        }
        PgArray driver = (PgArray) array;
        return String.join(
                "; ",
                attempt(array::getArray),
                attempt(array::getBaseType),
                attempt(array::getBaseTypeName),
                array + "",
                driver.isBinary() + "",
                attempt(driver::toBytes));
    }

    private interface Attempt {
        Object get() throws Exception;
    }

    private static String attempt(Attempt attempt) {
        try {
            return render(attempt.get());
        } catch (InvocationTargetException e) {
            return e.getCause().getClass().getSimpleName() + " " + e.getCause().getMessage();
        } catch (SQLException e) {
            return "SQLSTATE " + e.getSQLState() + " " + e.getMessage();
        } catch (Exception e) {
            return e.toString();
        }
    }

    private static String render(Object value) {
        return value instanceof Object[] array
                ? array.getClass().getSimpleName() + Arrays.deepToString(array)
                : value instanceof byte[] bytes ? Arrays.toString(bytes) : String.valueOf(value);
    }

    /** HikariCP names its own object, and then the one below it. */
    private static String withoutPool(Object given) {
        return given.toString().replaceAll("Hikari\\w+@\\d+ wrapping ", "");
    }
}
