package io.pgheal.postgres;

import io.pgheal.postgres.BlockingQuery.Found;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code pg_locks}. The cost grows with the number of all locks on the server, whichever rows are asked for: once per
 * incident, never in a loop. SIReadLocks block nobody and are left out.
 */
final class LockQuery {
    static final int MOST_ROWS = BackendStory.MOST_LOCKS;

    /**
     * Reading a waiter's blockers costs the more the longer its queue is, wherever in the queue the waiter stands. A story must
     * be read in milliseconds, or it comes too late for the heal.
     */
    static final int MOST_WAITERS = 24;

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

    /** What the backend holds, and its waiters, by one statement; null when the backend is not there any more. */
    static @Nullable BackendStory story(Connection connection, BackendId id) throws SQLException {
        Found found = BlockingQuery.around(connection, id.pid(), MOST_WAITERS);
        boolean more = found.tree().waiters().size() >= MOST_WAITERS;
        // The longest waits may be for other blockers; and waits for an advisory lock may last for ever.
        if (more && found.tree().waitersOf(id.pid()).stream().allMatch(Waiter::waitsForAdvisoryLock)) {
            found = BlockingQuery.around(
                    connection,
                    id.pid(),
                    BlockingQuery.cheap(connection, null).waitersOf(id.pid()).stream()
                            .sorted(Comparator.comparing(Waiter::waitsForAdvisoryLock)) // the others first
                            .limit(MOST_WAITERS)
                            .map(waiter -> waiter.backend().head())
                            .toList());
        }
        BlockingTree tree = found.tree();
        List<HeldLock> locks = found.held();
        Backend subject = tree.backend(id.pid()).orElse(null);
        return subject == null || !id.equals(subject.id())
                ? null
                : new BackendStory(
                        subject,
                        locks.subList(0, Math.min(locks.size(), MOST_ROWS)),
                        tree.directWaitersOf(id.pid()),
                        tree.waitersOf(id.pid()),
                        more || tree.truncated() || locks.size() > MOST_ROWS);
    }
}
