package io.pgheal.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import org.postgresql.PGConnection;

/** What the server is, what our role may do on it, and what it knows of a transaction that has ended. */
final class ServerQuery {
    static final String IDENTITY_COLUMNS = """
            (SELECT c.system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system() c) AS system_identifier,
            %s AS postmaster_start
            """.formatted(ActivityRow.utc("pg_catalog.pg_postmaster_start_time()"));

    private static final String IDENTITY = "SELECT " + IDENTITY_COLUMNS;

    /** USAGE: privileges that the role has as it is; membership that needs a SET ROLE first is of no use to a signal. */
    private static final String CAPABILITIES = """
            SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS server_version,
                   pg_catalog.pg_is_in_recovery() AS in_recovery,
                   current_user::pg_catalog.text AS role,
                   (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user) AS superuser,
                   pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees_others,
                   pg_catalog.pg_has_role('pg_signal_backend', 'USAGE') AS may_signal,
                   pg_catalog.current_setting('track_activities') = 'on' AS tracks,
                   pg_catalog.pg_backend_pid() AS backend_pid
            """;

    /**
     * {@code pg_stat_activity} gives the lower 32 bits of a transaction id; the upper ones are those that bring it nearest to
     * the present.
     */
    private static final String STATUS = """
            WITH present AS (
              SELECT ?::pg_catalog.int8 AS given,
                     pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 AS next
            ), distance AS (
              SELECT given, next, (given - next) & 4294967295 AS ahead FROM present
            )
            SELECT pg_catalog.pg_xact_status((CASE
                     WHEN given > 4294967295 THEN given
                     WHEN ahead < 2147483648 THEN next + ahead
                     ELSE next + ahead - 4294967296 END)::pg_catalog.text::pg_catalog.xid8)
              FROM distance
            """;

    private ServerQuery() {}

    static ServerIdentity identity(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(IDENTITY);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return identity(row);
        }
    }

    static ServerIdentity identity(ResultSet row) throws SQLException {
        return new ServerIdentity(row.getString("system_identifier"), row.getString("postmaster_start"));
    }

    static Capabilities capabilities(Connection connection) throws SQLException {
        int driverPid = connection.unwrap(PGConnection.class).getBackendPID();
        try (PreparedStatement statement = connection.prepareStatement(CAPABILITIES);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return new Capabilities(
                    row.getInt("server_version"),
                    row.getBoolean("in_recovery"),
                    row.getString("role"),
                    row.getBoolean("superuser"),
                    row.getBoolean("sees_others"),
                    row.getBoolean("may_signal"),
                    row.getBoolean("tracks"),
                    row.getInt("backend_pid") != driverPid);
        }
    }

    static Optional<String> transactionStatus(Connection connection, String xid) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(STATUS)) {
            statement.setLong(1, parse(xid));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return Optional.ofNullable(row.getString(1));
            }
        }
    }

    private static long parse(String xid) {
        try {
            return Long.parseLong(xid);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("a transaction id is a number, but was '" + xid + "'", e);
        }
    }
}
