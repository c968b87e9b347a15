package io.pgheal.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Signals a backend if it is still in the moment that was judged. Guard and signal are one short statement: any time
 * between them is time in which the session may begin the next, innocent transaction.
 */
enum GuardedSignal {
    /** Only while a statement runs: an idle session ignores a cancel, and reports it as delivered. */
    CANCEL("pg_catalog.pg_cancel_backend(a.pid)", "a.state = 'active'"),
    /** In every state: savepoint-aborted transactions and idle sessions hold locks too. */
    TERMINATE("pg_catalog.pg_terminate_backend(a.pid)", "true");

    private final String sql;

    GuardedSignal(String signal, String inState) {
        // The function, not the view: it reads the one row, without joins, and so in a shorter time.
        sql = """
                SELECT %s
                  FROM pg_catalog.pg_stat_get_activity(?) a
                 WHERE a.backend_start IS NOT DISTINCT FROM ?::pg_catalog.timestamptz
                   AND a.xact_start IS NOT DISTINCT FROM ?::pg_catalog.timestamptz
                   AND a.state_change IS NOT DISTINCT FROM ?::pg_catalog.timestamptz
                   AND a.state IS NOT DISTINCT FROM ?
                   AND a.backend_type = '%s'
                   AND a.pid <> pg_catalog.pg_backend_pid()
                   AND %s
                   AND NOT %s
                """.formatted(signal, Backend.CLIENT, inState, ActivityRow.COMMITTING);
    }

    Signal send(Connection connection, TransactionRef judged) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, judged.backend().pid());
            statement.setString(2, judged.backend().backendStart());
            statement.setString(3, judged.xactStart());
            statement.setString(4, judged.stateChange());
            statement.setString(5, judged.state());
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return Signal.MOVED_ON;
                }
                return row.getBoolean(1) ? Signal.SENT : Signal.FAILED;
            }
        } catch (SQLException e) {
            if (SqlState.INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                return Signal.DENIED;
            }
            throw e;
        }
    }
}
