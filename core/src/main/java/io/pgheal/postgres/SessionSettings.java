package io.pgheal.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.postgresql.PGConnection;

/** The server's settings for a control session. */
final class SessionSettings {
    private SessionSettings() {}

    /**
     * Sets up an open connection the same way, for good: where the settings could not be sent at its start, or where what
     * somebody else has written might win over them.
     */
    static Connection set(Connection connection, Duration statementTimeout, Duration socketTimeout)
            throws SQLException {
        try {
            connection.setAutoCommit(true);
            connection.setNetworkTimeout(Runnable::run, (int) Math.min(Integer.MAX_VALUE, socketTimeout.toMillis()));
            PGConnection driver = connection.unwrap(PGConnection.class);
            driver.setPrepareThreshold(0); // before the first statement: a named one would fail behind a pooler
            apply(connection, driver.getBackendPID(), statementTimeout);
            return connection;
        } catch (SQLException | RuntimeException | Error e) {
            try {
                connection.abort(Runnable::run);
                connection.close(); // for whoever made it and counts it
            } catch (SQLException broken) {
                e.addSuppressed(broken);
            }
            throw e;
        }
    }

    /** Not behind a pooler, where the application would get the session next, with these settings. */
    private static void apply(Connection connection, int pid, Duration statementTimeout) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT pg_catalog.set_config(?, ?, false) WHERE pg_catalog.pg_backend_pid() = ?")) {
            statement.setInt(3, pid);
            statement.setString(1, "application_name");
            statement.setString(2, ControlSettings.APPLICATION_NAME);
            statement.execute();
            for (Map.Entry<String, String> setting : of(statementTimeout).entrySet()) {
                statement.setString(1, setting.getKey());
                statement.setString(2, setting.getValue());
                statement.execute();
            }
        }
    }

    static Map<String, String> of(Duration statementTimeout) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("search_path", "pg_catalog");
        settings.put("statement_timeout", Long.toString(statementTimeout.toMillis()));
        settings.put("lock_timeout", Long.toString(Math.max(1, statementTimeout.toMillis() / 2)));
        settings.put("idle_session_timeout", "0");
        settings.put("tcp_keepalives_idle", "30");
        settings.put("tcp_keepalives_interval", "10");
        settings.put("tcp_keepalives_count", "3");
        // Keepalives do not run while data waits to be acknowledged; this does.
        settings.put("tcp_user_timeout", "60000");
        // The planner takes the recursive query for a huge one; compiling it would cost more than running it.
        settings.put("jit", "off");
        // Plans are kept where that is possible, and no argument is worth a plan of its own.
        settings.put("plan_cache_mode", "force_generic_plan");
        return settings;
    }
}
