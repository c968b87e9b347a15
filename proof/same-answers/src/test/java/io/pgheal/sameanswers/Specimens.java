package io.pgheal.sameanswers;

import io.pgheal.testserver.Login;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
import java.sql.Array;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLXML;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.postgresql.PGConnection;
import org.postgresql.PGRefCursorResultSet;
import org.postgresql.PGResultSetMetaData;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOut;
import org.postgresql.copy.PGCopyInputStream;
import org.postgresql.copy.PGCopyOutputStream;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

/** The objects of JDBC and of the driver's own public interfaces, and the tables that they come from. */
final class Specimens {
    private static final int LARGE_OBJECT = 4711;

    private static final String EVERY_TYPE = "SELECT * FROM every_type WHERE id = 1";
    private static final String TWO_ROWS = "SELECT * FROM every_type ORDER BY id";
    private static final String COPY_OUT = "COPY (SELECT id, vc FROM every_type ORDER BY id) TO STDOUT";
    private static final String COPY_IN = "COPY copied FROM STDIN";

    private static final List<String> LABELS = List.of("ints", "large", "num", "no such");
    private static final List<String> STATEMENTS = List.of(
            "SELECT id, ints FROM every_type ORDER BY id", "UPDATE copied SET number = 1", "", "no such statement");
    /** Those first that lead to the server: an array and a large object. */
    private static final List<Integer> SOME_COLUMNS = List.of(20, 31, 1, 6, 1_000_000);

    private static final List<Integer> EVERY_COLUMN = IntStream.concat(
                    IntStream.of(20, 31), IntStream.rangeClosed(-1, 33))
            .distinct()
            .boxed()
            .toList();
    /** Kinds of result sets, levels of isolation, kinds of generated keys. */
    private static final List<Integer> CONSTANTS = List.of(
            ResultSet.TYPE_SCROLL_INSENSITIVE,
            ResultSet.CONCUR_UPDATABLE,
            ResultSet.HOLD_CURSORS_OVER_COMMIT,
            ResultSet.TYPE_FORWARD_ONLY,
            ResultSet.CONCUR_READ_ONLY,
            Connection.TRANSACTION_SERIALIZABLE,
            -1);

    private Specimens() {}

    static void tables(Login login) throws SQLException {
        login.run(
                "CREATE TYPE mood AS ENUM ('sad', 'ok')",
                "CREATE TYPE pair AS (a int, b text)",
                """
                CREATE TABLE every_type (
                    id int PRIMARY KEY, small int2, big int8, real4 float4, real8 float8, num numeric(10, 2),
                    flag bool, txt text, vc varchar(20), ch char(5), bytes bytea, day date, clock time, clockz timetz,
                    ts timestamp, tsz timestamptz, span interval, bit1 bit, bits bit(3), ints int4[], texts text[],
                    grid int4[][], doc xml, js json, jsb jsonb, uid uuid, feeling mood, two pair, pairs pair[],
                    spot point, large oid, nothing text)""",
                """
                INSERT INTO every_type VALUES (
                    1, 2, 3, 4.5, 5.5, 6.75, true, 'seven', '8', 'nine', 'ten', '2024-02-29', '12:34:56',
                    '12:34:56+02', '2024-02-29 12:34:56.789', '2024-02-29 12:34:56.789+02', '1 day 2 hours', '1',
                    '101', '{1,2,NULL}', '{a,NULL,"c,d"}', '{{1,2},{3,4}}', '<a>b</a>', '{"a": 1}', '{"b": 2}',
                    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'ok', '(1,two)', '{"(1,two)"}', '(1,2)', 4711, NULL)""",
                "INSERT INTO every_type (id, vc) VALUES (2, 'second')",
                "CREATE TABLE copied (number int)",
                """
                CREATE FUNCTION many(
                    OUT i int, OUT l bigint, OUT t text, OUT n numeric, OUT f bool, OUT d date, OUT ts timestamp,
                    OUT a int4[], OUT x xml, OUT nothing text)
                AS $$ SELECT 1, 2::bigint, 'three', 4.5, true, date '2024-02-29', timestamp '2024-02-29 12:34:56',
                    ARRAY[1, 2], xml '<a>b</a>', NULL $$ LANGUAGE sql""",
                "CREATE FUNCTION add_up(a int, b int) RETURNS int AS 'SELECT a + b' LANGUAGE sql",
                """
                CREATE FUNCTION cursor_of() RETURNS refcursor AS $$
                DECLARE c refcursor := 'the_cursor'; BEGIN OPEN c FOR SELECT 1 AS one; RETURN c; END $$
                LANGUAGE plpgsql""");
        restore(login);
    }

    /** What a pool lends is closed only for the application: the driver's own objects still work, and change the data. */
    static void restore(Login login) throws SQLException {
        login.run(
                "DELETE FROM copied",
                "INSERT INTO copied VALUES (5)",
                "SELECT lo_unlink(oid) FROM pg_largeobject_metadata",
                "SELECT lo_from_bytea(" + LARGE_OBJECT + ", 'a large object')");
    }

    static List<Specimen> all() {
        List<Specimen> all = new ArrayList<>();
        all.add(Specimen.of("DataSource", DataSource.class, Origin::newDataSource)
                .strings(List.of("app", "nobody")));
        connections(all);
        statements(all);
        results(all);
        values(all);
        copies(all);
        largeObjects(all);
        return all;
    }

    private static void connections(List<Specimen> all) {
        all.add(Specimen.of("Connection", Connection.class, Origin::connection)
                .mayChangeConnection()
                .ints(CONSTANTS)
                .strings(List.of("SELECT {fn now()}", "int4", "ApplicationName", "no such")));
        all.add(Specimen.of("Connection in auto-commit", Connection.class, origin -> {
                    origin.connection().setAutoCommit(true);
                    return origin.connection();
                })
                .mayChangeConnection()
                .ints(List.of(ResultSet.TYPE_SCROLL_SENSITIVE))
                .strings(List.of("SELECT 1")));
        all.add(Specimen.of(
                        "DatabaseMetaData",
                        DatabaseMetaData.class,
                        origin -> origin.connection().getMetaData())
                .stringsByPosition(List.of(
                        List.of(),
                        List.of("public", "no such"),
                        List.of("every_type", "many", "%"),
                        List.of("%", "id"))));
        all.add(Specimen.of("PGConnection", PGConnection.class, origin -> {
                    Connection connection = origin.connection();
                    connection.setAutoCommit(true);
                    // Without a notification that is there already, the driver waits for one.
                    run(connection, """
                            DO $$ BEGIN
                                EXECUTE format('LISTEN news_%s', pg_backend_pid());
                                EXECUTE format('NOTIFY news_%s, ''hello''', pg_backend_pid());
                            END $$""", "SELECT 1");
                    return connection.unwrap(PGConnection.class);
                })
                .mayBreakConnection()
                .strings(List.of("server_version", "int4", "no such")));
        all.add(Specimen.of(
                "Savepoint", Savepoint.class, origin -> origin.connection().setSavepoint()));
        all.add(Specimen.of(
                "Savepoint with a name",
                Savepoint.class,
                origin -> origin.connection().setSavepoint("named")));
    }

    private static void statements(List<Specimen> all) {
        all.add(Specimen.of("Statement", Statement.class, Specimens::statement).strings(STATEMENTS));
        all.add(Specimen.of("Statement with results", Statement.class, origin -> {
                    Statement statement = statement(origin);
                    statement.execute("SELECT 1 AS one; SELECT 2 AS two", Statement.RETURN_GENERATED_KEYS);
                    return statement;
                })
                .strings(STATEMENTS));
        all.add(Specimen.of("Statement with a batch", Statement.class, origin -> {
                    Statement statement = statement(origin);
                    statement.addBatch("UPDATE copied SET number = 2");
                    statement.addBatch("DELETE FROM copied");
                    return statement;
                })
                .strings(STATEMENTS));
        all.add(Specimen.of("PreparedStatement", PreparedStatement.class, origin -> {
                    PreparedStatement statement =
                            origin.connection().prepareStatement("SELECT ? AS first, ?::text AS second");
                    statement.setString(1, "set before");
                    statement.setString(2, "set before");
                    return statement;
                })
                .ints(List.of(1, 0, 3, Types.VARCHAR, Types.INTEGER))
                .strings(List.of("int4", "no such"))
                .effect(object -> ((PreparedStatement) object).executeQuery()));
        all.add(Specimen.of("PreparedStatement with a batch", PreparedStatement.class, origin -> {
                    PreparedStatement statement = origin.connection()
                            .prepareStatement("INSERT INTO copied VALUES (?)", Statement.RETURN_GENERATED_KEYS);
                    statement.setInt(1, 11);
                    statement.addBatch();
                    statement.setInt(1, 12);
                    statement.addBatch();
                    return statement;
                })
                .ints(List.of(1))
                .strings(List.of("number"))
                .effect(object -> ((PreparedStatement) object).executeBatch()));
        all.add(Specimen.of("CallableStatement", CallableStatement.class, origin -> {
                    CallableStatement statement = origin.connection().prepareCall("{? = call add_up(?, ?)}");
                    statement.registerOutParameter(1, Types.INTEGER);
                    statement.setInt(2, 40);
                    statement.setInt(3, 2);
                    return statement;
                })
                .ints(List.of(2, 1, 0))
                .strings(List.of("int4"))
                .effect(object -> {
                    CallableStatement statement = (CallableStatement) object;
                    return statement.execute() + " " + statement.getObject(1);
                }));
        all.add(Specimen.of("CallableStatement that ran", CallableStatement.class, origin -> {
                    CallableStatement statement =
                            origin.connection().prepareCall("{call many(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}");
                    List<Integer> types = List.of(
                            Types.INTEGER,
                            Types.BIGINT,
                            Types.VARCHAR,
                            Types.NUMERIC,
                            Types.BIT,
                            Types.DATE,
                            Types.TIMESTAMP,
                            Types.ARRAY,
                            Types.SQLXML,
                            Types.VARCHAR);
                    for (int i = 0; i < types.size(); i++) {
                        statement.registerOutParameter(i + 1, types.get(i));
                    }
                    statement.execute();
                    return statement;
                })
                .ints(List.of(8, 9))
                .strings(List.of("i")));
        all.add(Specimen.of(
                        "ParameterMetaData",
                        ParameterMetaData.class,
                        origin -> origin.parent(
                                        "statement",
                                        origin.connection()
                                                .prepareStatement(
                                                        "INSERT INTO every_type (id, txt, ints, doc, two, feeling)"
                                                                + " VALUES (?, ?, ?, ?, ?, ?)"))
                                .getParameterMetaData())
                .ints(IntStream.rangeClosed(0, 7).boxed().toList()));
        all.add(Specimen.of(
                "PGStatement", PGStatement.class, origin -> statement(origin).unwrap(PGStatement.class)));
        all.add(Specimen.of(
                "PGStatement of a prepared one",
                PGStatement.class,
                origin -> origin.parent("statement", origin.connection().prepareStatement("SELECT 1"))
                        .unwrap(PGStatement.class)));
    }

    private static void results(List<Specimen> all) {
        all.add(Specimen.of("ResultSet", ResultSet.class, origin -> first(origin, EVERY_TYPE))
                .ints(EVERY_COLUMN)
                .strings(LABELS));
        all.add(Specimen.of("ResultSet through a cursor", ResultSet.class, origin -> {
                    Statement statement = statement(origin);
                    statement.setFetchSize(1);
                    ResultSet rows = statement.executeQuery(TWO_ROWS);
                    rows.next();
                    return rows;
                })
                .ints(List.of(20, 31))
                .strings(List.of("ints")));
        all.add(Specimen.of("ResultSet to scroll and update", ResultSet.class, Specimens::updatable)
                .ints(List.of(6, 20))
                .strings(List.of("num"))
                .effect(object -> {
                    ResultSet rows = (ResultSet) object;
                    rows.updateRow();
                    return Answer.row(rows, rows.getMetaData().getColumnCount());
                }));
        all.add(Specimen.of("ResultSet on the insert row", ResultSet.class, origin -> {
                    ResultSet rows = updatable(origin);
                    rows.moveToInsertRow();
                    rows.updateInt(1, 3);
                    return rows;
                })
                .ints(List.of(6))
                .strings(List.of("num"))
                .effect(object -> {
                    ResultSet rows = (ResultSet) object;
                    rows.insertRow();
                    rows.last();
                    return Answer.row(rows, rows.getMetaData().getColumnCount());
                }));
        all.add(Specimen.of("ResultSetMetaData", ResultSetMetaData.class, Specimens::columns)
                .ints(EVERY_COLUMN));
        all.add(Specimen.of(
                        "PGResultSetMetaData",
                        PGResultSetMetaData.class,
                        origin -> columns(origin).unwrap(PGResultSetMetaData.class))
                .ints(SOME_COLUMNS));
        all.add(Specimen.of("PGRefCursorResultSet", PGRefCursorResultSet.class, origin -> {
            CallableStatement statement =
                    origin.parent("statement", origin.connection().prepareCall("{? = call cursor_of()}"));
            statement.registerOutParameter(1, Types.REF_CURSOR);
            statement.execute();
            return origin.parent("result set", (ResultSet) statement.getObject(1))
                    .unwrap(PGRefCursorResultSet.class);
        }));
    }

    private static void values(List<Specimen> all) {
        all.add(Specimen.of("Array", Array.class, origin -> column(origin).getArray("ints")));
        all.add(Specimen.of(
                "Array of texts", Array.class, origin -> column(origin).getObject("texts")));
        all.add(Specimen.of(
                "Array of a type of one's own",
                Array.class,
                origin -> column(origin).getArray("pairs")));
        all.add(Specimen.of(
                "Array that was made",
                Array.class,
                origin -> origin.connection().createArrayOf("text", new Object[] {"a", null})));
        all.add(Specimen.of("SQLXML", SQLXML.class, origin -> column(origin).getSQLXML("doc"))
                .strings(List.of("<c/>", "no xml")));
        all.add(Specimen.of(
                        "SQLXML that was made",
                        SQLXML.class,
                        origin -> origin.connection().createSQLXML())
                .strings(List.of("<c/>", "no xml"))
                .effect(object -> ((SQLXML) object).getString()));
        all.add(Specimen.of("Blob", Blob.class, origin -> column(origin).getBlob("large")));
        all.add(Specimen.of("Clob", Clob.class, origin -> column(origin).getClob("large")));
        all.add(Specimen.of(
                "InputStream of a Blob",
                InputStream.class,
                origin -> column(origin).getBlob("large").getBinaryStream()));
        all.add(Specimen.of(
                "OutputStream of a Blob",
                OutputStream.class,
                origin -> column(origin).getBlob("large").setBinaryStream(1)));
        all.add(Specimen.of(
                "Reader of a Clob",
                Reader.class,
                origin -> column(origin).getClob("large").getCharacterStream()));
        all.add(Specimen.of(
                "InputStream of a column",
                InputStream.class,
                origin -> column(origin).getBinaryStream("bytes")));
        all.add(Specimen.of(
                "Reader of a column", Reader.class, origin -> column(origin).getCharacterStream("txt")));
        all.add(Specimen.of(
                "OutputStream of a SQLXML",
                OutputStream.class,
                origin -> origin.connection().createSQLXML().setBinaryStream()));
        all.add(Specimen.of(
                "Writer of a SQLXML",
                Writer.class,
                origin -> origin.connection().createSQLXML().setCharacterStream()));
    }

    private static void copies(List<Specimen> all) {
        all.add(Specimen.of(
                        "CopyManager",
                        CopyManager.class,
                        origin -> origin.connection().unwrap(PGConnection.class).getCopyAPI())
                .mayBreakConnection()
                .ints(List.of(10, 1))
                .strings(List.of(COPY_OUT, COPY_IN, "SELECT 1", "no such")));
        all.add(Specimen.of(
                        "CopyIn",
                        CopyIn.class,
                        origin -> origin.connection()
                                .unwrap(PGConnection.class)
                                .getCopyAPI()
                                .copyIn(COPY_IN))
                .inTheMidstOfACopy()
                .ints(List.of(0, 1, 3)));
        all.add(Specimen.of(
                        "CopyOut",
                        CopyOut.class,
                        origin -> origin.connection()
                                .unwrap(PGConnection.class)
                                .getCopyAPI()
                                .copyOut(COPY_OUT))
                .inTheMidstOfACopy());
        all.add(Specimen.of(
                        "PGCopyInputStream",
                        PGCopyInputStream.class,
                        origin -> new PGCopyInputStream(origin.connection().unwrap(PGConnection.class), COPY_OUT))
                .inTheMidstOfACopy()
                .ints(List.of(1, 0)));
        all.add(Specimen.of(
                        "PGCopyOutputStream",
                        PGCopyOutputStream.class,
                        origin -> new PGCopyOutputStream(origin.connection().unwrap(PGConnection.class), COPY_IN))
                .inTheMidstOfACopy()
                .ints(List.of(1, 0)));
    }

    private static void largeObjects(List<Specimen> all) {
        all.add(Specimen.of("LargeObjectManager", LargeObjectManager.class, Specimens::largeObjects)
                .ints(List.of(LARGE_OBJECT, LargeObjectManager.READWRITE, LargeObjectManager.READ, 12)));
        all.add(Specimen.of(
                        "LargeObject",
                        LargeObject.class,
                        origin -> largeObjects(origin).open((long) LARGE_OBJECT))
                .ints(List.of(1, 0, -1, 1000)));
        all.add(Specimen.of(
                "InputStream of a LargeObject",
                InputStream.class,
                origin -> origin.parent("large object", largeObjects(origin).open((long) LARGE_OBJECT))
                        .getInputStream()));
        all.add(Specimen.of(
                "OutputStream of a LargeObject",
                OutputStream.class,
                origin -> origin.parent("large object", largeObjects(origin).open((long) LARGE_OBJECT))
                        .getOutputStream()));
        fastpath(all);
    }

    @SuppressWarnings("deprecation")
    private static void fastpath(List<Specimen> all) {
        all.add(Specimen.of(
                        "Fastpath",
                        org.postgresql.fastpath.Fastpath.class,
                        origin -> origin.connection().unwrap(PGConnection.class).getFastpathAPI())
                .strings(List.of("lo_creat", "no such")));
    }

    private static void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    private static Statement statement(Origin origin) throws SQLException {
        return origin.parent("statement", origin.connection().createStatement());
    }

    private static ResultSet first(Origin origin, String query) throws SQLException {
        ResultSet rows = statement(origin).executeQuery(query);
        rows.next();
        return rows;
    }

    private static ResultSet updatable(Origin origin) throws SQLException {
        Statement statement = origin.parent(
                "statement",
                origin.connection().createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE));
        ResultSet rows = statement.executeQuery(TWO_ROWS);
        rows.next();
        return rows;
    }

    /** The row, as a parent of what is read from it. */
    private static ResultSet column(Origin origin) throws SQLException {
        return origin.parent("result set", first(origin, EVERY_TYPE));
    }

    private static ResultSetMetaData columns(Origin origin) throws SQLException {
        return column(origin).getMetaData();
    }

    private static LargeObjectManager largeObjects(Origin origin) throws SQLException {
        return origin.connection().unwrap(PGConnection.class).getLargeObjectAPI();
    }
}
