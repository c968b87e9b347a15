package io.pgheal.testserver;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** SQL in one line, on a connection that somebody else closes. */
public final class Sql {
    private Sql() {}

    public static void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** The first column of the first row. */
    public static long number(Connection connection, String sql, Object... values) throws SQLException {
        return Long.parseLong(text(connection, sql, values));
    }

    /** The first column of the first row. */
    public static String text(Connection connection, String sql, Object... values) throws SQLException {
        List<List<@Nullable String>> rows = rows(connection, sql, values);
        if (rows.isEmpty()) {
            throw new IllegalStateException("no row: " + sql);
        }
        return Objects.requireNonNull(rows.get(0).get(0), () -> "NULL: " + sql);
    }

    public static List<List<@Nullable String>> rows(Connection connection, String sql, Object... values)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            List<List<@Nullable String>> rows = new ArrayList<>();
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    List<@Nullable String> row = new ArrayList<>();
                    for (int i = 1; i <= found.getMetaData().getColumnCount(); i++) {
                        row.add(found.getString(i));
                    }
                    rows.add(row);
                }
            }
            return rows;
        }
    }

    /** The session's backend; by SQL, for unwrapping the driver's connection would void all evidence. */
    public static int pid(Connection connection) throws SQLException {
        return (int) number(connection, "SELECT pg_backend_pid()");
    }
}
