package io.pgheal.postgres;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a row of {@code pg_stat_activity}, under the alias {@code a}, becomes a {@link Backend}. */
final class ActivityRow {
    /**
     * Whether {@code a} executes a commit, or waits for a standby to confirm one. A query string of several statements with
     * a commit among them counts, because the text does not show which of them runs. Without backslashes, so that
     * {@code standard_conforming_strings} does not matter; in COMMIT PREPARED the first word is enough.
     */
    static final String COMMITTING = """
            (a.wait_event IS NOT DISTINCT FROM 'SyncRep'
             OR (a.state IS NOT DISTINCT FROM 'active' AND coalesce(
                 a.query ~* '^([[:space:];]|/[*]([^*]|[*]+[^*/])*[*]+/|--[^\n]*\n)*(commit|end|prepare[[:space:]]+transaction)([^[:alnum:]_]|$)'
              OR a.query ~* ';[[:space:]]*(commit|prepare[[:space:]]+transaction)([^[:alnum:]_]|$)'
              OR a.query ~* ';[[:space:]]*end([[:space:]]+(work|transaction|and|no|chain))*[[:space:];]*$', false)))
            """;

    static final String COLUMNS = """
            a.pid, %s AS backend_start, %s AS xact_start, %s AS state_change, a.state,
            a.leader_pid, a.backend_type, a.wait_event_type, a.wait_event, a.datname, a.usename, a.application_name,
            pg_catalog.host(a.client_addr) AS client_address, a.client_port, a.backend_xid::text AS xid,
            %s AS xact_age, %s AS state_age, %s AS statement_age,
            pg_catalog.left(a.query, 2000) AS query, %s AS committing
            """.formatted(
                    utc("a.backend_start"),
                    utc("a.xact_start"),
                    utc("a.state_change"),
                    micros("a.xact_start"),
                    micros("a.state_change"),
                    micros("a.query_start"),
                    COMMITTING);

    private static final String TRACKING_OFF = "disabled";

    private ActivityRow() {}

    /**
     * A timestamp as text that says the same in every session, whatever its time zone and date style, and that casts back to
     * exactly the same {@code timestamptz}.
     */
    static String utc(String timestamptz) {
        return "pg_catalog.to_char(" + timestamptz + " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
    }

    /** Microseconds since then, by the server's clock at this very row. */
    static String micros(String timestamptz) {
        return "(extract(epoch FROM pg_catalog.clock_timestamp() - " + timestamptz + ") * 1000000)::pg_catalog.int8";
    }

    /** Null when there is no backend in this row (the other side of an outer join). */
    static @Nullable Backend readOrNull(ResultSet row) throws SQLException {
        int pid = row.getInt("pid");
        return row.wasNull() ? null : read(row, pid);
    }

    static Backend read(ResultSet row) throws SQLException {
        return read(row, row.getInt("pid"));
    }

    private static Backend read(ResultSet row, int pid) throws SQLException {
        String backendStart = row.getString("backend_start");
        BackendId id = backendStart == null || pid <= 0 ? null : new BackendId(pid, backendStart);
        String query = row.getString("query");
        return new Backend(
                pid,
                id,
                id == null ? null : transaction(row, id),
                integer(row, "leader_pid"),
                row.getString("backend_type"),
                new Backend.WaitEvent(row.getString("wait_event_type"), row.getString("wait_event")),
                new Backend.Client(
                        row.getString("datname"),
                        row.getString("usename"),
                        row.getString("application_name"),
                        row.getString("client_address"),
                        integer(row, "client_port")),
                row.getString("xid"),
                new Backend.Ages(duration(row, "xact_age"), duration(row, "state_age"), duration(row, "statement_age")),
                id == null || query == null ? null : StatementText.cutLiterals(query),
                row.getBoolean("committing"));
    }

    private static @Nullable TransactionRef transaction(ResultSet row, BackendId id) throws SQLException {
        String state = row.getString("state");
        String stateChange = row.getString("state_change");
        // With track_activities off the server says nothing about transactions, not even that there is none.
        return state == null || stateChange == null || state.equals(TRACKING_OFF)
                ? null
                : new TransactionRef(id, row.getString("xact_start"), stateChange, state);
    }

    static @Nullable Integer integer(ResultSet row, String column) throws SQLException {
        int value = row.getInt(column);
        return row.wasNull() ? null : value;
    }

    /** Never negative: the clock of the server may be set back. */
    static @Nullable Duration duration(ResultSet row, String column) throws SQLException {
        long micros = row.getLong(column);
        return row.wasNull() ? null : Duration.ofNanos(Math.max(0, micros) * 1000);
    }
}
