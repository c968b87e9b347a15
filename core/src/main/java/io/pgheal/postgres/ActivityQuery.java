package io.pgheal.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Asks what backends do, and whether any of them blocks somebody. Cheap: does not read {@code pg_locks}, but for
 * {@link #moment}.
 */
final class ActivityQuery {
    /** By the function that the view reads: it makes the rows of these backends only, not those of all. */
    private static final String BACKENDS = """
            SELECT %s%s
              FROM pg_catalog.unnest(CAST(? AS pg_catalog.int4[])) AS p(pid)
             CROSS JOIN LATERAL (
               SELECT s.*, d.datname, CASE WHEN s.usesysid <> 0 THEN pg_catalog.pg_get_userbyid(s.usesysid) END AS usename
                 FROM pg_catalog.pg_stat_get_activity(p.pid) s
                 LEFT JOIN pg_catalog.pg_database d ON d.oid = s.datid) a
            """;

    private static final String PLAIN = BACKENDS.formatted(ActivityRow.COLUMNS, "");

    private static final String WITH_ADVISORY_LOCK = BACKENDS.formatted(ActivityRow.COLUMNS, """
            , (SELECT pg_catalog.min(l.mode) FROM pg_catalog.pg_locks l
                WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted) AS advisory_mode
            """);

    /** Also reads the blockers of a blocker that is hidden from our role: nothing else would show whether it waits. */
    private static final String IN_THE_WAY = """
            WITH RECURSIVE
            act AS MATERIALIZED (
              SELECT s.pid, s.wait_event_type, s.backend_start FROM pg_catalog.pg_stat_activity s
            ),
            blocker(pid) AS (
              SELECT b.pid
                FROM act w CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b(pid)
               WHERE w.wait_event_type = 'Lock' OR w.pid = ANY (?)
              UNION
              SELECT b.pid
                FROM blocker h
                JOIN act x ON x.pid = h.pid AND x.backend_start IS NULL
               CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(h.pid)) AS b(pid)
            )
            SELECT pid FROM blocker WHERE pid = ANY (?) LIMIT ?
            """;

    /**
     * Also reads the blockers of the known waiters: a plain role sees only by {@code pg_blocking_pids} that they wait.
     * Reads no blockers while the judged transaction is there, nor while its backend ends, which shows no transaction but the
     * state of before: in a long queue that would take longer than the backend needs to end, and hold up the queue as it moves.
     */
    private static final String STILL_THERE =
            """
            SELECT %s AS backend_start, %s AS xact_start, a.state,
                   CASE WHEN a.xact_start = ?::pg_catalog.timestamptz
                          OR (a.xact_start IS NULL AND a.state = 'idle in transaction') THEN true
                        ELSE EXISTS (SELECT 1
                             FROM (SELECT w.pid FROM pg_catalog.pg_stat_activity w WHERE w.wait_event_type = 'Lock'
                                    UNION SELECT pg_catalog.unnest(CAST(? AS pg_catalog.int4[]))) w
                            WHERE a.pid = ANY (pg_catalog.pg_blocking_pids(w.pid))) END AS in_the_way
              FROM pg_catalog.pg_stat_get_activity(?) a
            """.formatted(ActivityRow.utc("a.backend_start"), ActivityRow.utc("a.xact_start"));

    private ActivityQuery() {}

    static List<Backend> backends(Connection connection, Collection<Integer> pids) throws SQLException {
        List<Backend> backends = new ArrayList<>();
        if (pids.isEmpty()) {
            return backends;
        }
        try (PreparedStatement statement = connection.prepareStatement(PLAIN)) {
            statement.setArray(1, Bind.pids(connection, pids));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    backends.add(ActivityRow.read(row));
                }
            }
        }
        return backends;
    }

    /**
     * The part of a backend's story on which decisions depend: what it does, and whether it holds an advisory lock. Null when
     * the backend is not there any more.
     */
    static @Nullable BackendStory moment(Connection connection, BackendId id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(WITH_ADVISORY_LOCK)) {
            statement.setArray(1, Bind.pids(connection, List.of(id.pid())));
            try (ResultSet row = statement.executeQuery()) {
                Backend backend = row.next() ? ActivityRow.read(row) : null;
                if (backend == null || !id.equals(backend.id())) {
                    return null;
                }
                String mode = row.getString("advisory_mode");
                List<HeldLock> locks = mode == null ? List.of() : List.of(new HeldLock("advisory", null, mode, null));
                return new BackendStory(backend, locks, Set.of(), List.of(), true);
            }
        }
    }

    static Set<Integer> inTheWay(Connection connection, Collection<Integer> suspects, Collection<Integer> knownWaiters)
            throws SQLException {
        Set<Integer> found = new HashSet<>();
        if (suspects.isEmpty()) {
            return found;
        }
        try (PreparedStatement statement = connection.prepareStatement(IN_THE_WAY)) {
            statement.setArray(1, Bind.pids(connection, knownWaiters));
            statement.setArray(2, Bind.pids(connection, suspects));
            statement.setInt(3, suspects.size()); // the recursion may end with the last of them
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    found.add(row.getInt(1));
                }
            }
        }
        return found;
    }

    static boolean transactionGone(Connection connection, TransactionRef judged, Collection<Integer> knownWaiters)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(STILL_THERE)) {
            statement.setString(1, judged.xactStart());
            statement.setArray(2, Bind.pids(connection, knownWaiters));
            statement.setInt(3, judged.backend().pid());
            try (ResultSet row = statement.executeQuery()) {
                return !row.next() || isGone(row, judged);
            }
        }
    }

    private static boolean isGone(ResultSet row, TransactionRef judged) throws SQLException {
        String backendStart = row.getString("backend_start");
        String xactStart = row.getString("xact_start");
        String state = row.getString("state");
        if (backendStart == null) {
            return false; // hidden from us: that we cannot see a transaction does not mean that there is none
        }
        if (!backendStart.equals(judged.backend().backendStart())) {
            return true; // the pid belongs to another process by now
        }
        if (state == null || state.equals("disabled") || row.getBoolean("in_the_way")) {
            return false;
        }
        // An idle session (no transaction to be gone) may hold advisory locks: only its end counts.
        return judged.xactStart() == null
                ? judged.isRolledBack()
                : !judged.xactStart().equals(xactStart);
    }
}
