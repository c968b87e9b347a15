package io.pgheal.postgres;

import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** How a row of {@code pg_locks} becomes a {@link HeldLock}. */
final class LockRow {
    /** The columns that {@link #read} wants, from a lock {@code l} and its {@link #table}. */
    static final String COLUMNS = """
            l.locktype, l.mode, t.table_schema, t.table_name, t.root_schema, t.root_name,
            CASE WHEN l.locktype = 'advisory' THEN l.classid || ':' || l.objid END AS advisory_key
            """;

    /** Takes system catalogs out: every statement locks some, and nobody waits for them. */
    static final String NOT_A_CATALOG =
            "t.table_schema IS DISTINCT FROM 'pg_catalog' AND t.table_schema IS DISTINCT FROM 'information_schema'"
                    + " AND t.table_schema IS DISTINCT FROM 'pg_toast'";

    private LockRow() {}

    /**
     * Joins, as {@code t}, the table behind a relation (an index belongs to its table, and so does a TOAST table, whose
     * name contains the table's oid) and its topmost partitioned table. LIMIT makes the planner look up each relation by its
     * key: otherwise it reads the whole catalog several times, for one lock as for a thousand.
     */
    static String table(String relation, String database) {
        return """
            LEFT JOIN LATERAL (
              SELECT n.nspname AS table_schema, c.relname AS table_name, rn.nspname AS root_schema, rc.relname AS root_name
                FROM pg_catalog.pg_class o
                LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = o.oid
                JOIN pg_catalog.pg_class w ON w.oid = coalesce(i.indrelid, o.oid)
                JOIN pg_catalog.pg_class c ON c.oid = CASE WHEN w.relkind = 't' AND w.relname ~ '^pg_toast_[0-9]+$'
                                                           THEN pg_catalog.substr(w.relname, 10)::pg_catalog.oid
                                                           ELSE w.oid END
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_catalog.pg_class rc ON rc.oid = pg_catalog.pg_partition_root(c.oid) AND rc.oid <> c.oid
                LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
               WHERE o.oid = %s
                 AND %s IN (0, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
               LIMIT 1
            ) t ON true
            """.formatted(relation, database);
    }

    static HeldLock read(ResultSet row) throws SQLException {
        return new HeldLock(
                row.getString("locktype"), table(row), row.getString("mode"), row.getString("advisory_key"));
    }

    static @Nullable TableName table(ResultSet row) throws SQLException {
        String name = row.getString("table_name");
        if (name == null) {
            return null;
        }
        String root = row.getString("root_name");
        return new TableName(
                row.getString("table_schema"),
                name,
                root == null ? null : new TableName(row.getString("root_schema"), root));
    }
}
