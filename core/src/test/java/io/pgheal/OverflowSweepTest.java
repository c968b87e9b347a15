package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.decide.Retained;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.Climb;
import java.io.InputStream;
import java.io.OutputStream;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Each kind of work, cut at every point where it needs more stack: after each cut a borrower with all the stack it needs
 * asks for what is known. Connections are borrowed where the stack ends, and closed there.
 */
@Tag("thorough")
@Timeout(600)
class OverflowSweepTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final int LEVELS_BETWEEN = 5;

    /** What is done at the end of the stack. */
    enum Kind {
        BATCH,
        CURSOR,
        LARGE_OBJECT,
        SAVEPOINT,
        CALL,
        METADATA,
        JDBC_TEMPLATE,
        TRANSACTION_TEMPLATE
    }

    @ParameterizedTest
    @CsvSource({
        "BATCH, true", "BATCH, false",
        "CURSOR, true", "CURSOR, false",
        "LARGE_OBJECT, true", "LARGE_OBJECT, false",
        "SAVEPOINT, true", "SAVEPOINT, false",
        "CALL, true", "CALL, false",
        "METADATA, true", "METADATA, false",
        "JDBC_TEMPLATE, true", "JDBC_TEMPLATE, false",
        "TRANSACTION_TEMPLATE, true", "TRANSACTION_TEMPLATE, false"
    })
    void nobodyBehindAnOverflowSeesAnythingOfIt(Kind kind, boolean preflight) throws Exception {
        sweep(SERVER, preflight, dataSource -> work(kind, dataSource));
    }

    /** What is done at the end of the stack, with connections that it borrows itself. */
    interface Borrower {
        void run(SelfHealingDataSource dataSource) throws Exception;
    }

    static void sweep(PostgresServer server, boolean preflight, Borrower borrower) throws Exception {
        try (GuardedPool pool = GuardedPool.on(
                server,
                config -> config.stackPreflight(preflight)
                        .abandonedGrace(Duration.ofMillis(100))
                        .abandonedRetained(Retained.HEAL)
                        .certainPerMinute(1_000_000)
                        .signalsPerMinute(1_000_000))) {
            borrower.run(pool.guarded); // each class is there: first use is FirstUseOverflowTest's
            int[] number = new int[1];
            Climb.until(
                    11,
                    LEVELS_BETWEEN,
                    step -> Climb.run(step, 3, () -> borrower.run(pool.guarded), thrown -> {
                        if (!(thrown instanceof StackOverflowError) || number[0] % 8 == 0) {
                            askOne(pool.guarded, number[0]);
                        }
                        number[0]++;
                    }));
            for (int i = 0; i < 2; i++) {
                askAll(pool.guarded);
            }
            await().until(() -> pool.guarded.leases().isEmpty());
        }
    }

    private static void askOne(SelfHealingDataSource dataSource, int number) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            ask(connection, number);
        }
    }

    static void askAll(SelfHealingDataSource dataSource) throws SQLException {
        List<Connection> all = new ArrayList<>();
        try {
            for (int i = 0; i < GuardedPool.SLOTS; i++) {
                all.add(dataSource.getConnection());
            }
            for (Connection each : all) {
                ask(each, all.indexOf(each) + 1_000_000);
            }
        } finally {
            for (Connection each : all) {
                each.close();
            }
        }
    }

    static void ask(Connection connection, int number) throws SQLException {
        assertThat(connection.getAutoCommit()).isTrue();
        try (PreparedStatement select = connection.prepareStatement("SELECT ?::int, 'next'")) {
            select.setInt(1, number);
            try (ResultSet found = select.executeQuery()) {
                assertThat(found.next()).isTrue();
                assertThat(found.getInt(1)).isEqualTo(number);
                assertThat(found.getString(2)).isEqualTo("next");
                assertThat(found.next()).isFalse();
            }
        }
    }

    private static void work(Kind kind, SelfHealingDataSource dataSource) throws Exception {
        switch (kind) {
            case JDBC_TEMPLATE -> new JdbcTemplate(dataSource).queryForObject("SELECT 1 + ?", Integer.class, 1);
            case TRANSACTION_TEMPLATE ->
                new TransactionTemplate(new DataSourceTransactionManager(dataSource))
                        .executeWithoutResult(status -> new JdbcTemplate(dataSource)
                                .update("UPDATE user_login_info SET logins = logins + 1 WHERE username = ?", "bob"));
            default -> inTransaction(kind, dataSource);
        }
    }

    private static void inTransaction(Kind kind, SelfHealingDataSource dataSource) throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                switch (kind) {
                    case BATCH -> batch(connection);
                    case CURSOR -> cursor(connection);
                    case LARGE_OBJECT -> largeObject(connection);
                    case SAVEPOINT -> savepoint(connection);
                    case CALL -> call(connection);
                    default -> metadata(connection);
                }
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    private static void batch(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO user_login_info VALUES (?, ?)")) {
            for (int i = 0; i < 20; i++) {
                insert.setString(1, "user" + i);
                insert.setInt(2, i);
                insert.addBatch();
            }
            right(insert.executeBatch().length == 20);
        }
    }

    private static void cursor(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(2);
            try (ResultSet found = statement.executeQuery("SELECT g FROM generate_series(1, 12) g")) {
                for (int i = 1; i <= 12; i++) {
                    right(found.next() && found.getInt(1) == i);
                }
            }
        }
    }

    private static void largeObject(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT lo_from_bytea(0, 'abcdef')")) {
            right(found.next());
            Blob blob = found.getBlob(1);
            try (InputStream in = blob.getBinaryStream()) {
                right(in.read() == 'a');
            }
            try (OutputStream out = blob.setBinaryStream(1)) {
                out.write(new byte[] {'x', 'y'});
            }
            right(blob.length() == 6);
        }
    }

    private static void savepoint(Connection connection) throws SQLException {
        Savepoint savepoint = connection.setSavepoint();
        GuardedPool.update(connection, "alice");
        connection.rollback(savepoint);
        connection.releaseSavepoint(savepoint);
    }

    private static void call(Connection connection) throws SQLException {
        try (CallableStatement call = connection.prepareCall("{? = call abs(?)}")) {
            call.registerOutParameter(1, Types.INTEGER);
            call.setInt(2, -7);
            call.execute();
            right(call.getInt(1) == 7);
        }
    }

    private static void metadata(Connection connection) throws SQLException {
        try (ResultSet tables = connection.getMetaData().getTables(null, null, "user_login_info", null)) {
            right(tables.next() && tables.getString("TABLE_NAME").equals("user_login_info"));
        }
    }

    static void right(boolean answer) {
        if (!answer) {
            throw new IllegalStateException("wrong answer");
        }
    }
}
