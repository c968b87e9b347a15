package io.pgheal.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code pg_locks}. The cost grows with the number of all locks on the server, whichever rows are asked for: once per
 * incident, never in a loop. SIReadLocks block nobody and are left out.
 */
final class LockQuery {
    static final int MOST_ROWS = BackendStory.MOST_LOCKS;

    /**
     * Reading a waiter's blockers costs the more the longer its queue is. A story must be read in milliseconds, or it comes
     * too late for the heal.
     */
    static final int MOST_WAITERS = 64;

    /** Cut before the join, tables first: a session may hold a hundred thousand advisory locks. */
    private static final String HELD_BY = """
            SELECT DISTINCT %s
              FROM (SELECT DISTINCT p.locktype, p.mode, p.database, p.relation, p.classid, p.objid
                      FROM pg_catalog.pg_locks p
                     WHERE p.pid = ? AND p.granted AND p.mode <> 'SIReadLock' AND p.locktype IN ('relation', 'advisory')
                       AND p.database IS DISTINCT FROM 0
                     ORDER BY p.locktype DESC LIMIT 2000) l
              %s
             WHERE %s
             ORDER BY l.locktype DESC, t.table_schema, t.table_name, l.mode
             LIMIT %d
            """.formatted(
                    LockRow.COLUMNS, LockRow.table("l.relation", "l.database"), LockRow.NOT_A_CATALOG, MOST_ROWS + 1);

    /**
     * The locks on a table and, if it is partitioned, on its partitions. The holder of a row's tuple lock is the first in
     * the queue for that row: it waits, although the tuple lock is granted.
     */
    private static final String ON_TABLE = """
            WITH named AS MATERIALIZED (
              SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = ? AND c.relname = ?
            ), target AS MATERIALIZED (
              SELECT oid FROM named
               UNION SELECT p.relid::pg_catalog.oid FROM named CROSS JOIN LATERAL pg_catalog.pg_partition_tree(named.oid) p
            ), lk AS MATERIALIZED (SELECT * FROM pg_catalog.pg_locks)
            SELECT DISTINCT %s, %s, p.gid AS prepared_gid,
                   CASE WHEN NOT l.granted OR l.locktype = 'tuple' THEN coalesce(%s, 0) END AS waited
              FROM lk l
              %s
              LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
              LEFT JOIN (pg_catalog.pg_prepared_xacts p
                         JOIN lk x ON x.pid IS NULL AND x.locktype = 'transactionid' AND x.transactionid = p.transaction)
                ON l.pid IS NULL AND l.virtualtransaction = x.virtualtransaction
             WHERE l.relation IN (SELECT oid FROM target) AND l.mode <> 'SIReadLock'
               AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
             LIMIT %d
            """.formatted(
                    LockRow.COLUMNS,
                    ActivityRow.COLUMNS,
                    ActivityRow.micros("coalesce(l.waitstart, a.query_start)"),
                    LockRow.table("l.relation", "l.database"),
                    MOST_ROWS);

    private LockQuery() {}

    /** Up to one more than {@link #MOST_ROWS}, which says that there are more. */
    static List<HeldLock> heldBy(Connection connection, int pid) throws SQLException {
        List<HeldLock> locks = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(HELD_BY)) {
            statement.setInt(1, pid);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    locks.add(LockRow.read(row));
                }
            }
        }
        return locks;
    }

    static List<TableLock> on(Connection connection, TableName table) throws SQLException {
        List<TableLock> locks = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(ON_TABLE)) {
            statement.setString(1, table.schema());
            statement.setString(2, table.name());
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    Duration waited = ActivityRow.duration(row, "waited");
                    locks.add(new TableLock(
                            ActivityRow.readOrNull(row), LockRow.read(row), waited, row.getString("prepared_gid")));
                }
            }
        }
        return locks;
    }

    /** What the backend holds, and its waiters; null when the backend is not there any more. */
    static @Nullable BackendStory story(Connection connection, BackendId id) throws SQLException {
        List<Backend> found = ActivityQuery.backends(connection, List.of(id.pid()));
        if (found.isEmpty() || !Objects.equals(found.get(0).id(), id)) {
            return null;
        }
        List<HeldLock> locks = heldBy(connection, id.pid());
        BlockingTree tree = BlockingQuery.cheap(connection, MOST_WAITERS);
        boolean more = tree.waiters().size() >= MOST_WAITERS;
        // The longest waits may be for other blockers; and waits for an advisory lock may last for ever.
        if (more && tree.waitersOf(id.pid()).stream().allMatch(Waiter::waitsForAdvisoryLock)) {
            tree = BlockingQuery.cheap(connection, null);
        }
        List<Waiter> waiters = tree.waitersOf(id.pid());
        if (!waiters.isEmpty()) { // only then is a second look into pg_locks worth its cost
            tree = BlockingQuery.full(
                    connection,
                    waiters.stream()
                            .limit(MOST_WAITERS)
                            .map(waiter -> waiter.backend().head())
                            .toList());
        }
        return new BackendStory(
                found.get(0),
                locks.subList(0, Math.min(locks.size(), MOST_ROWS)),
                tree.directWaitersOf(id.pid()),
                tree.waitersOf(id.pid()),
                more || tree.truncated() || locks.size() > MOST_ROWS);
    }
}
