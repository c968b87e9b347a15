package io.pgheal;

import static io.pgheal.OverflowSweepTest.right;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.Climb;
import io.pgheal.track.CutConnectionException;
import java.io.OutputStream;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOut;
import org.postgresql.copy.PGCopyInputStream;
import org.postgresql.copy.PGCopyOutputStream;
import org.postgresql.core.BaseConnection;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

/** COPY and the driver's other doors, which open behind {@code unwrap}: what cuts them poisons as anywhere else. */
class CopyTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final String IN = "COPY copied (username) FROM STDIN";
    private static final String OUT = "COPY (SELECT g FROM generate_series(1, 2000) g) TO STDOUT";

    enum Kind {
        READER,
        WRITER,
        OUTPUT_STREAM,
        INPUT_STREAM,
        BASE_CONNECTION,
        LARGE_OBJECT
    }

    @BeforeAll
    static void create() throws SQLException {
        try (Connection connection = DriverManager.getConnection(SERVER.url(), SERVER.user(), SERVER.password());
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS copied (username text)");
        }
    }

    @Tag("thorough")
    @Timeout(600)
    @ParameterizedTest
    @CsvSource({"READER, true", "READER, false", "WRITER, true", "WRITER, false"})
    void nobodyBehindAnOverflowSeesAnythingOfIt(Kind kind, boolean preflight) throws Exception {
        OverflowSweepTest.sweep(SERVER, preflight, dataSource -> {
            try (Connection connection = dataSource.getConnection()) {
                connection.setAutoCommit(false);
                try {
                    copy(kind, connection);
                } finally {
                    connection.rollback();
                    connection.setAutoCommit(true);
                }
            }
        });
    }

    /** The connection was borrowed where there was stack, and is closed there: nothing else is cut, or sees the cut. */
    @Tag("thorough")
    @Timeout(600)
    @ParameterizedTest
    @CsvSource({
        "READER, true", "READER, false",
        "WRITER, true", "WRITER, false",
        "OUTPUT_STREAM, true", "OUTPUT_STREAM, false",
        "INPUT_STREAM, true", "INPUT_STREAM, false",
        "BASE_CONNECTION, true", "BASE_CONNECTION, false",
        "LARGE_OBJECT, true", "LARGE_OBJECT, false"
    })
    void theCopyAloneIsCut(Kind kind, boolean preflight) throws Exception {
        try (GuardedPool pool = GuardedPool.on(SERVER, config -> config.stackPreflight(preflight))) {
            Connection[] lent = {lend(kind, pool)};
            copy(kind, lent[0]);
            int[] number = new int[1];
            Climb.until(
                    11,
                    3,
                    "a connection that was cut",
                    () -> preflight || pool.guarded.healer().quarantined() > 0,
                    step -> Climb.run(step, 3, () -> copy(kind, lent[0]), thrown -> {
                        lent[0].close();
                        try (Connection next = pool.guarded.getConnection()) {
                            OverflowSweepTest.ask(next, number[0]++);
                        }
                        lent[0] = lend(kind, pool);
                    }));
            lent[0].close();
            OverflowSweepTest.askAll(pool.guarded);
            pool.assertAllSlotsBack();
        }
    }

    private static Connection lend(Kind kind, GuardedPool pool) throws SQLException {
        Connection connection = pool.guarded.getConnection();
        connection.setAutoCommit(kind != Kind.LARGE_OBJECT);
        return connection;
    }

    private static void copy(Kind kind, Connection connection) throws Exception {
        PGConnection driver = connection.unwrap(PGConnection.class);
        switch (kind) {
            case READER -> right(driver.getCopyAPI().copyIn(IN, new StringReader("u1\nu2\n")) == 2);
            case WRITER -> right(driver.getCopyAPI().copyOut(OUT, Writer.nullWriter()) == 2000);
            case OUTPUT_STREAM -> {
                try (OutputStream out = new PGCopyOutputStream(driver, IN, 4)) {
                    out.write("u1\nu2\n".getBytes(StandardCharsets.UTF_8));
                }
            }
            case INPUT_STREAM -> {
                try (PGCopyInputStream in = new PGCopyInputStream(driver, OUT)) {
                    right(in.read() == '1');
                    right(in.readAllBytes().length > 2000);
                }
            }
            case BASE_CONNECTION -> {
                CopyManager copies = new CopyManager(connection.unwrap(BaseConnection.class));
                right(copies.copyIn(IN, new StringReader("u1\n")) == 1);
            }
            case LARGE_OBJECT -> {
                LargeObjectManager objects = driver.getLargeObjectAPI();
                try (LargeObject object = objects.open(objects.createLO())) {
                    object.write(new byte[] {1, 2, 3});
                    object.seek(0);
                    right(object.read(3)[2] == 3);
                }
            }
            default -> throw new AssertionError(kind);
        }
    }

    @Test
    void everythingWorksAsWithoutPgheal() throws Exception {
        try (GuardedPool pool = GuardedPool.on(SERVER, config -> config)) {
            for (Kind kind : Kind.values()) {
                try (Connection connection = pool.guarded.getConnection()) {
                    connection.setAutoCommit(false);
                    copy(kind, connection);
                    connection.commit();
                    connection.setAutoCommit(true);
                }
            }
            int pid;
            try (Connection connection = pool.guarded.getConnection()) {
                PGConnection driver = connection.unwrap(PGConnection.class);
                pid = driver.getBackendPID();
                assertThat(pid).isEqualTo(Sql.pid(connection));
                assertThat(connection.isWrapperFor(PGConnection.class)).isTrue();
                assertThat(connection.unwrap(BaseConnection.class)).isSameAs(driver);
                assertThat(connection.unwrap(PgConnection.class)).isExactlyInstanceOf(PgConnection.class);
                assertThat(((Connection) driver).unwrap(PgConnection.class)).isExactlyInstanceOf(PgConnection.class);
                assertThat(driver).isEqualTo(connection.unwrap(PgConnection.class));
                assertThat(driver.hashCode())
                        .isEqualTo(connection.unwrap(PgConnection.class).hashCode());
                assertThat(driver.escapeIdentifier("a\"b")).isEqualTo("\"a\"\"b\"");
                assertThat(driver.getParameterStatus("server_encoding")).isEqualTo("UTF8");
                assertThat(driver.createArrayOf("int4", new int[] {1, 2}).getArray())
                        .isEqualTo(new Integer[] {1, 2});
                driver.setPrepareThreshold(3);
                assertThat(driver.getPrepareThreshold()).isEqualTo(3);
                try (var statement = connection.createStatement()) {
                    statement.execute("LISTEN here; NOTIFY here, 'you'");
                    assertThat(driver.getNotifications(10_000)).hasSize(1);
                    statement.execute("UNLISTEN here");
                }
                assertThatThrownBy(() -> driver.getCopyAPI().copyIn("COPY nothing FROM STDIN"))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("42P01"));
                assertThat(Sql.pid(connection)).isEqualTo(pid);
            }
            assertThat(pool.guarded.healer().quarantined()).isZero();
        }
    }

    /** In a copy the driver makes every other call wait, also the rollback of the code that was to end it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCopyThatIsLeftOpenIsNotLent(boolean rollback) throws Exception {
        try (GuardedPool pool = GuardedPool.on(SERVER, config -> config)) {
            for (int i = 0; i < 2 * GuardedPool.SLOTS; i++) {
                try (Connection connection = pool.guarded.getConnection()) {
                    connection.setAutoCommit(false);
                    CopyIn copy =
                            connection.unwrap(PGConnection.class).getCopyAPI().copyIn(IN);
                    copy.writeToCopy("left\n".getBytes(StandardCharsets.UTF_8), 0, 5);
                    if (rollback) {
                        connection.rollback();
                        connection.setAutoCommit(true);
                    }
                }
            }
            OverflowSweepTest.askAll(pool.guarded);
            pool.assertAllSlotsBack();
        }
    }

    @Test
    void theReaderOfAnotherThrows() throws Exception {
        Error thrown = new StackOverflowError("in a test");
        try (GuardedPool pool = GuardedPool.on(SERVER, config -> config)) {
            for (int i = 0; i < 2 * GuardedPool.SLOTS; i++) {
                try (Connection connection = pool.guarded.getConnection()) {
                    CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
                    assertThat(catchThrowable(() -> copies.copyIn(IN, new Reader() {
                                @Override
                                public int read(char[] chars, int offset, int length) {
                                    throw thrown;
                                }

                                @Override
                                public void close() {}
                            })))
                            .isSameAs(thrown);
                    assertThat(Sql.pid(connection)).isPositive();
                }
                try (Connection connection = pool.guarded.getConnection()) {
                    CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
                    assertThat(catchThrowable(() -> copies.copyOut(OUT, new StringWriter() {
                                @Override
                                public void write(String text) {
                                    throw thrown;
                                }
                            })))
                            .isSameAs(thrown);
                }
                OverflowSweepTest.askAll(pool.guarded);
            }
            pool.assertAllSlotsBack();
        }
    }

    @Test
    void aCancelledCopyOutIsNotLent() throws Exception {
        try (GuardedPool pool = GuardedPool.on(SERVER, config -> config)) {
            for (int i = 0; i < 2 * GuardedPool.SLOTS; i++) {
                try (Connection connection = pool.guarded.getConnection()) {
                    CopyOut copy =
                            connection.unwrap(PGConnection.class).getCopyAPI().copyOut(OUT);
                    copy.readFromCopy();
                    copy.cancelCopy();
                }
                OverflowSweepTest.askAll(pool.guarded);
            }
        }
    }

    /** After a timeout within a copy the driver leaves the connection open, and the rest of the answer on its way. */
    @Test
    void aCopyThatTimedOutIsNotLent() throws Exception {
        try (GuardedPool pool = GuardedPool.on(SERVER, config -> config)) {
            for (int i = 0; i < GuardedPool.SLOTS; i++) {
                try (Connection connection = pool.guarded.getConnection()) {
                    connection.setNetworkTimeout(Runnable::run, 200);
                    CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
                    assertThatThrownBy(() ->
                                    copies.copyOut("COPY (SELECT 1, pg_sleep(60)) TO STDOUT", Writer.nullWriter()))
                            .isInstanceOfSatisfying(
                                    SQLException.class,
                                    e -> assertThat(e.getSQLState()).isEqualTo("08006"));
                }
                try (Connection next = pool.guarded.getConnection()) {
                    OverflowSweepTest.ask(next, i);
                }
            }
            assertThat(pool.guarded.healer().quarantined()).isEqualTo(GuardedPool.SLOTS);
            pool.assertAllSlotsBack();
            await("what they left at work is ended")
                    .until(() -> SERVER.app().sessions("query LIKE '%pg_sleep(60)%'") == 0);
        }
    }

    @Test
    void aCutCopyIsRefusedLikeAnyOtherCall() throws Exception {
        try (GuardedPool pool = GuardedPool.on(SERVER, config -> config);
                Connection connection = pool.guarded.getConnection()) {
            CopyIn copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn(IN);
            assertThatThrownBy(() -> copy.writeToCopy(null, 0, 5)).isInstanceOf(NullPointerException.class);
            assertThat(copy.isActive()).isFalse();
            assertThatThrownBy(copy::endCopy).isInstanceOf(CutConnectionException.class);
            assertThatThrownBy(() -> connection.createStatement()).isInstanceOf(CutConnectionException.class);
        }
    }
}
