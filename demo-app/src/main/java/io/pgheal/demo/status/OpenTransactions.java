package io.pgheal.demo.status;

import io.pgheal.demo.database.DirectConnections;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

/** Uses a connection of its own, because it must still work when the pool is exhausted. */
@Component
class OpenTransactions implements DisposableBean {

    private static final String SESSIONS = """
            SELECT pid, application_name, state, wait_event_type || ': ' || wait_event AS waits_for, query,
                   extract(epoch FROM clock_timestamp() - xact_start) AS transaction_seconds,
                   extract(epoch FROM clock_timestamp() - state_change) AS state_seconds,
                   CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END AS blocked_by,
                   ARRAY(SELECT c.relname || ' ' || l.mode
                           FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                          WHERE l.pid = a.pid AND l.granted AND l.locktype = 'relation' AND c.relkind = 'r'
                            AND l.database = a.datid AND c.relnamespace <> 'pg_catalog'::regnamespace
                          ORDER BY 1) AS locks
              FROM pg_stat_activity a
             WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
               AND xact_start IS NOT NULL AND (state LIKE 'idle in transaction%' OR wait_event_type = 'Lock')
             ORDER BY xact_start""";

    private final DirectConnections connections;
    private @Nullable Connection connection;

    OpenTransactions(DirectConnections connections) {
        this.connections = connections;
    }

    synchronized List<OpenTransaction> now() throws SQLException {
        try {
            return ask(connected());
        } catch (SQLException e) {
            destroy();
            throw e;
        }
    }

    private Connection connected() throws SQLException {
        Connection current = connection;
        if (current == null) {
            current = connections.open("pgheal-demo-status");
            connection = current;
        }
        return current;
    }

    private static List<OpenTransaction> ask(Connection connection) throws SQLException {
        List<OpenTransaction> found = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(SESSIONS);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                found.add(read(rows));
            }
        }
        return found;
    }

    private static OpenTransaction read(ResultSet row) throws SQLException {
        return new OpenTransaction(
                row.getInt("pid"),
                row.getString("application_name"),
                row.getString("state"),
                row.getDouble("transaction_seconds"),
                row.getDouble("state_seconds"),
                row.getString("waits_for"),
                List.of((Integer[]) row.getArray("blocked_by").getArray()),
                List.of((String[]) row.getArray("locks").getArray()),
                Literals.cut(row.getString("query")));
    }

    @Override
    public synchronized void destroy() throws SQLException {
        Connection current = connection;
        connection = null;
        if (current != null) {
            current.close();
        }
    }
}
