package io.pgheal.postgres;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Walks from waiters to their blockers. The recursion visits each pid once (UNION): path by path, a queue of twenty would
 * already take minutes. For every session that is not idle the walk asks whether it waits, so that a waiter in the middle
 * of a chain is not taken for its root: the server may hide from us that it waits, and while a waiter looks for a deadlock
 * ({@code deadlock_timeout}) its wait event is not {@code Lock}.
 *
 * <p>Behind a long queue the time goes into reading the blockers of each waiter, and holds up the queue. So those with whom
 * the walk begins, in most cases all that it finds, are read once.
 */
final class BlockingQuery {
    /** Of waiters and blockers together; those that wait for no lock go first, because a root is worth more than a waiter. */
    static final int MOST_ROWS = 500;
    /**
     * Blockers kept of one waiter. The server names those that hold the lock first, and then those before the waiter in the
     * queue, for the last one of a long queue all of them: of 500 waiters together more than a hundred thousand.
     */
    static final int MOST_BLOCKERS = 64;

    /** Reads them once; OFFSET keeps the planner from reading them again for each use. */
    private static final String BLOCKERS_OF =
            "(SELECT CASE WHEN x.may_wait THEN pg_catalog.pg_blocking_pids(%s.pid) END AS all_blockers OFFSET 0)";

    private static final String BLOCKERS = """
            w.all_blockers[1:%d] AS blockers, pg_catalog.cardinality(w.all_blockers) AS blocker_count,
                     %d = ANY (w.all_blockers) AS prepared""".formatted(MOST_BLOCKERS, BlockingTree.PREPARED);

    private static final String WALK = """
            WITH RECURSIVE
            subject AS MATERIALIZED (SELECT ?::pg_catalog.int4 AS pid),
            act AS MATERIALIZED (
              SELECT s.*, coalesce(s.leader_pid, s.pid) AS head,
                     s.wait_event_type IS NOT DISTINCT FROM 'Lock' OR coalesce(s.state, '') NOT LIKE 'idle%%' AS may_wait
                FROM pg_catalog.pg_stat_activity s
            ),
            seeds(pids) AS (
              SELECT coalesce(?::pg_catalog.int4[], ARRAY(
                SELECT w.head FROM act w WHERE w.wait_event_type = 'Lock'
                 GROUP BY w.head ORDER BY pg_catalog.min(w.query_start) LIMIT ?))
            ),
            start AS MATERIALIZED (
              SELECT x.pid, %1$s
                FROM act x CROSS JOIN LATERAL %2$s AS w
               WHERE x.head = ANY ((SELECT s.pids FROM seeds s)::pg_catalog.int4[]) OR x.pid = (SELECT s.pid FROM subject s)
            ),
            reach(pid) AS (
              SELECT x.pid
                FROM (SELECT DISTINCT b.pid FROM start s CROSS JOIN LATERAL pg_catalog.unnest(s.blockers) AS b(pid)) b
                JOIN act x ON x.head = b.pid
               WHERE x.pid <> ALL (ARRAY(SELECT s.pid FROM start s))
              UNION
              SELECT x.pid
                FROM reach r
                JOIN act v ON v.pid = r.pid AND v.may_wait
               CROSS JOIN LATERAL pg_catalog.unnest((pg_catalog.pg_blocking_pids(r.pid))[1:%3$d]) AS b(pid)
                JOIN act x ON x.head = b.pid
               WHERE x.pid <> ALL (ARRAY(SELECT s.pid FROM start s))
            ),
            kept AS MATERIALIZED (
              SELECT r.pid
                FROM (SELECT s.pid FROM start s UNION ALL SELECT r.pid FROM reach r) r
                JOIN act v ON v.pid = r.pid
               ORDER BY (r.pid = (SELECT s.pid FROM subject s)) IS NOT TRUE, v.wait_event_type IS NOT DISTINCT FROM 'Lock',
                        (v.head = ANY ((SELECT s.pids FROM seeds s)::pg_catalog.int4[])) IS NOT TRUE
               LIMIT %4$d
            ),
            edge AS MATERIALIZED (
              SELECT s.pid, s.blockers, s.blocker_count, s.prepared FROM kept k JOIN start s ON s.pid = k.pid
               UNION ALL
              SELECT x.pid, %1$s
                FROM kept k JOIN act x ON x.pid = k.pid CROSS JOIN LATERAL %5$s AS w
               WHERE x.pid <> ALL (ARRAY(SELECT s.pid FROM start s))
            )
            """.formatted(
                    BLOCKERS,
                    BLOCKERS_OF.formatted("x"),
                    MOST_BLOCKERS,
                    MOST_ROWS,
                    BLOCKERS_OF.formatted("k")); // of those kept only: of x, they would be read before the join

    private static final String LOCK_WAIT = "CASE WHEN a.wait_event_type = 'Lock' THEN a.wait_event END";

    private static final String CHEAP =
            WALK + """
            SELECT %s, e.blockers, e.blocker_count,
                   %s AS locktype, NULL AS mode, NULL AS table_name, NULL AS prepared_gid, %s AS waited
              FROM edge e JOIN act a ON a.pid = e.pid
            """.formatted(ActivityRow.COLUMNS, LOCK_WAIT, ActivityRow.micros("a.query_start"));

    /**
     * A row waiter waits for a transaction id; the row, and so the table, is that of the tuple lock which most row waiters
     * hold meanwhile. For those that hold none, the table cannot be known. The locks of a prepared transaction have no pid;
     * its own transaction id among them identifies it.
     *
     * <p>The rows without a pid are the locks that the subject holds. They are cut before the join, tables first: a session
     * may hold a hundred thousand advisory locks. Each table's name is looked up once: those who wait in a queue wait for the
     * same one.
     */
    private static final String FULL = WALK
            + """
            , lk AS MATERIALIZED (
              SELECT p.* FROM pg_catalog.pg_locks p
               WHERE p.pid IS NULL OR p.pid = (SELECT s.pid FROM subject s)
                  OR p.pid IN (SELECT k.pid FROM edge k WHERE k.blockers <> '{}')
            ),
            want AS MATERIALIZED (
              SELECT l.*, coalesce(l.relation, w.relation) AS wanted_relation, coalesce(l.database, w.database) AS wanted_database
                FROM lk l
                LEFT JOIN LATERAL (SELECT h.relation, h.database FROM lk h
                                    WHERE h.pid = l.pid AND h.locktype = 'tuple' AND h.granted
                                      AND l.locktype = 'transactionid' LIMIT 1) w ON true
               WHERE NOT l.granted
            ),
            line AS (
              SELECT e.pid, e.blockers, e.blocker_count, e.prepared, w.locktype, w.mode, w.wanted_relation, w.wanted_database, w.database, w.relation,
                     w.classid, w.objid, w.transactionid, w.waitstart
                FROM edge e LEFT JOIN want w ON w.pid = e.pid
              UNION ALL
              SELECT NULL, NULL, NULL, NULL, o.locktype, o.mode, o.relation, o.database, o.database, o.relation,
                     o.classid, o.objid, NULL, NULL
                FROM (SELECT DISTINCT h.locktype, h.mode, h.database, h.relation, h.classid, h.objid
                        FROM lk h
                       WHERE h.pid = (SELECT s.pid FROM subject s) AND h.granted AND h.mode <> 'SIReadLock'
                         AND h.locktype IN ('relation', 'advisory') AND h.database IS DISTINCT FROM 0
                       ORDER BY h.locktype DESC LIMIT 2000) o
            ),
            named AS MATERIALIZED (
              SELECT d.*, t.*
                FROM (SELECT DISTINCT l.wanted_relation, l.wanted_database FROM line l) d
                %s
            )
            SELECT %s, l.blockers, l.blocker_count,
                   coalesce(l.locktype, %s) AS locktype, l.mode,
                   t.table_schema, t.table_name, t.root_schema, t.root_name,
                   CASE WHEN l.locktype = 'advisory' THEN l.classid || ':' || l.objid END AS advisory_key,
                   CASE WHEN l.prepared THEN (
                     SELECT pg_catalog.min(p.gid) FROM pg_catalog.pg_prepared_xacts p
                      WHERE p.transaction = l.transactionid
                         OR EXISTS (SELECT 1 FROM lk x JOIN lk h ON h.virtualtransaction = x.virtualtransaction
                                     WHERE x.pid IS NULL AND x.locktype = 'transactionid' AND x.transactionid = p.transaction
                                       AND h.pid IS NULL AND h.granted
                                       AND h.locktype = l.locktype
                                       AND h.database IS NOT DISTINCT FROM l.database
                                       AND h.relation IS NOT DISTINCT FROM l.relation
                                       AND h.classid IS NOT DISTINCT FROM l.classid
                                       AND h.objid IS NOT DISTINCT FROM l.objid)) END AS prepared_gid,
                   %s AS waited
              FROM line l
              LEFT JOIN act a ON a.pid = l.pid
              LEFT JOIN named t ON t.wanted_relation = l.wanted_relation AND t.wanted_database = l.wanted_database
             WHERE l.pid IS NOT NULL OR (%s)
            """.formatted(
                            LockRow.table("d.wanted_relation", "d.wanted_database"),
                            ActivityRow.COLUMNS,
                            LOCK_WAIT,
                            ActivityRow.micros("coalesce(l.waitstart, a.query_start)"),
                            LockRow.NOT_A_CATALOG);

    private BlockingQuery() {}

    /** @param waiters where to begin; null for all waiters */
    static BlockingTree cheap(Connection connection, @Nullable Collection<Integer> waiters) throws SQLException {
        return read(connection, CHEAP, null, waiters, null).tree();
    }

    static BlockingTree full(Connection connection, @Nullable Collection<Integer> waiters) throws SQLException {
        return read(connection, FULL, null, waiters, null).tree();
    }

    /** @param held by the subject */
    record Found(BlockingTree tree, List<HeldLock> held) {}

    /** The subject with what it holds, and the waiters whose statements have been waiting for longest, so many at most. */
    static Found around(Connection connection, int subject, int longestWaiting) throws SQLException {
        return read(connection, FULL, subject, null, longestWaiting);
    }

    /** The same with these waiters. */
    static Found around(Connection connection, int subject, Collection<Integer> waiters) throws SQLException {
        return read(connection, FULL, subject, waiters, null);
    }

    private static Found read(
            Connection connection,
            String sql,
            @Nullable Integer subject,
            @Nullable Collection<Integer> seeds,
            @Nullable Integer longestWaiting)
            throws SQLException {
        Array pids = seeds == null ? null : Bind.pids(connection, seeds);
        List<Waiter> waiters = new ArrayList<>();
        List<Backend> backends = new ArrayList<>();
        Set<HeldLock> held = new LinkedHashSet<>();
        boolean truncated = false;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, subject, Types.INTEGER);
            statement.setArray(2, pids);
            statement.setObject(3, longestWaiting, Types.BIGINT);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    if (ActivityRow.integer(row, "pid") == null) {
                        held.add(LockRow.read(row));
                        continue;
                    }
                    Backend backend = ActivityRow.read(row);
                    backends.add(backend);
                    Set<Integer> blockers = blockers(row);
                    if (!blockers.isEmpty()) {
                        waiters.add(waiter(row, backend, blockers));
                        truncated |= row.getInt("blocker_count") > MOST_BLOCKERS;
                    }
                }
            }
        }
        return new Found(new BlockingTree(waiters, backends, truncated || backends.size() >= MOST_ROWS), inOrder(held));
    }

    private static List<HeldLock> inOrder(Set<HeldLock> held) {
        return held.stream()
                .sorted(Comparator.comparing(HeldLock::lockType)
                        .reversed()
                        .thenComparing(lock -> String.valueOf(lock.table()))
                        .thenComparing(HeldLock::mode))
                .toList();
    }

    private static Waiter waiter(ResultSet row, Backend backend, Set<Integer> blockers) throws SQLException {
        return new Waiter(
                backend,
                row.getString("locktype"),
                LockRow.table(row),
                row.getString("mode"),
                blockers,
                Objects.requireNonNullElse(ActivityRow.duration(row, "waited"), Duration.ZERO),
                row.getString("prepared_gid"));
    }

    /** Each once: PostgreSQL repeats the leader for every parallel worker. */
    private static Set<Integer> blockers(ResultSet row) throws SQLException {
        Array array = row.getArray("blockers");
        Set<Integer> blockers = new LinkedHashSet<>();
        if (array != null) {
            blockers.addAll(List.of((Integer[]) array.getArray()));
        }
        return blockers;
    }
}
