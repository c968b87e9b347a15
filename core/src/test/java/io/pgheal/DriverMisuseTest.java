package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whoever uses the driver wrongly gets its complaint, and keeps the connection. */
class DriverMisuseTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private interface Misuse {
        void of(Connection connection, PreparedStatement statement, ResultSet row) throws Exception;
    }

    private static Map<String, Misuse> misuses() {
        Map<String, Misuse> kinds = new LinkedHashMap<>();
        kinds.put("SQL null", (c, s, r) -> c.prepareStatement(null));
        kinds.put("execute null", (c, s, r) -> c.createStatement().execute(null));
        kinds.put("add a null batch", (c, s, r) -> {
            try (Statement batch = c.createStatement()) {
                batch.addBatch(null);
                batch.executeBatch();
            }
        });
        kinds.put("column 0", (c, s, r) -> r.getInt(0));
        kinds.put("column 9", (c, s, r) -> r.getString(9));
        kinds.put("bad label", (c, s, r) -> r.getObject("nobody"));
        kinds.put("label null", (c, s, r) -> r.getInt((String) null));
        kinds.put("wrong type", (c, s, r) -> r.getTimestamp("note"));
        kinds.put("not a number", (c, s, r) -> r.getInt("note"));
        kinds.put("class null", (c, s, r) -> r.getObject(1, (Class<?>) null));
        kinds.put("class unknown", (c, s, r) -> r.getObject(1, Thread.class));
        kinds.put("parameter 0", (c, s, r) -> s.setInt(0, 1));
        kinds.put("parameter 9", (c, s, r) -> s.setString(9, "x"));
        kinds.put("parameter missing", (c, s, r) -> {
            s.clearParameters();
            s.executeQuery();
        });
        kinds.put("object of no known type", (c, s, r) -> s.setObject(1, new Object()));
        kinds.put("object that does not fit", (c, s, r) -> s.setObject(1, "no number", Types.INTEGER));
        kinds.put("array type null", (c, s, r) -> c.createArrayOf(null, new Object[] {1}));
        kinds.put("array type unknown", (c, s, r) -> c.createArrayOf("no_such_type", new Object[] {1}));
        kinds.put("isolation unknown", (c, s, r) -> c.setTransactionIsolation(99));
        kinds.put("fetch size negative", (c, s, r) -> s.setFetchSize(-5));
        kinds.put("timeout negative", (c, s, r) -> s.setQueryTimeout(-1));
        kinds.put("savepoint null", (c, s, r) -> c.rollback(null));
        kinds.put("executor null", (c, s, r) -> c.setNetworkTimeout(null, -1));
        kinds.put("closed result set", (c, s, r) -> {
            r.close();
            r.next();
        });
        kinds.put("closed statement", (c, s, r) -> {
            s.close();
            s.executeQuery();
        });
        kinds.put("update of what is read only", (c, s, r) -> r.updateInt(1, 2));
        kinds.put("backwards in a forward-only result", (c, s, r) -> r.previous());
        kinds.put("syntax", (c, s, r) -> c.createStatement().execute("SELEC 1"));
        kinds.put("query without a result", (c, s, r) -> c.createStatement().executeQuery("SET work_mem = '4MB'"));
        kinds.put("batch with a result", (c, s, r) -> {
            s.addBatch();
            s.executeBatch();
        });
        kinds.put("timestamp out of range", (c, s, r) -> {
            s.setTimestamp(1, new Timestamp(Long.MAX_VALUE));
            s.executeQuery();
        });
        return kinds;
    }

    @Test
    void poisonsNothing() throws Exception {
        try (GuardedPool pool = GuardedPool.on(SERVER, config -> config)) {
            int refused = 0;
            int kept = 0;
            int last = -1;
            for (Map.Entry<String, Misuse> kind : misuses().entrySet()) {
                for (boolean autoCommit : new boolean[] {true, false}) {
                    try (Connection connection = pool.guarded.getConnection()) {
                        int pid = Sql.pid(connection);
                        assertThat(last == -1 || last == pid)
                                .as("same connection after " + kind.getKey())
                                .isTrue();
                        last = pid;
                        connection.setAutoCommit(autoCommit);
                        try (PreparedStatement statement =
                                connection.prepareStatement("SELECT ?::int, 'text' AS note")) {
                            statement.setInt(1, 1);
                            ResultSet row = statement.executeQuery();
                            row.next();
                            Throwable thrown =
                                    catchThrowable(() -> kind.getValue().of(connection, statement, row));
                            refused += thrown == null ? 0 : 1;
                        }
                        assertThat(pool.guarded.healer().quarantined())
                                .as(kind.getKey())
                                .isZero();
                        if (connection.isClosed()) {
                            last = -1; // HikariCP itself gives up a connection at 0A000, not supported
                            continue;
                        }
                        if (!autoCommit) {
                            connection.rollback();
                            connection.setAutoCommit(true);
                        }
                        assertRight(connection, kind.getKey());
                        kept++;
                    }
                }
            }
            assertThat(kept).as("connections that went on").isGreaterThan(2 * 25);
            assertThat(refused).as("kinds that the driver refused").isGreaterThan(2 * 20);
        }
    }

    private static void assertRight(Connection connection, String after) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT 42")) {
            assertThat(found.next()).as(after).isTrue();
            assertThat(found.getInt(1)).as(after).isEqualTo(42);
        }
    }
}
