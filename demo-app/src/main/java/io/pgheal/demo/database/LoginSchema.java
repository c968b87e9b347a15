package io.pgheal.demo.database;

import io.pgheal.demo.login.Passwords;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.stereotype.Component;

/** Creates missing tables and rows before the first request is served. Leaves existing rows as they are. */
@Component
class LoginSchema implements InitializingBean {

    private static final long SCHEMA_LOCK = 0x70676865616cL;

    private static final List<String> TABLES = List.of("""
            CREATE TABLE IF NOT EXISTS users (
                username      text PRIMARY KEY,
                password_hash text NOT NULL
            )""", """
            CREATE TABLE IF NOT EXISTS user_login_info (
                username         text PRIMARY KEY REFERENCES users,
                last_login       timestamptz,
                session_id       text,
                login_count      integer NOT NULL DEFAULT 0,
                org_chart_opened integer NOT NULL DEFAULT 0
            )""", """
            CREATE TABLE IF NOT EXISTS employees (
                username  text PRIMARY KEY REFERENCES users,
                full_name text NOT NULL,
                manager   text REFERENCES users
            )""");

    // After the reorganisation Alice reports to Bob, Bob to Carol, and Carol, in the meantime, to Alice.
    private static final List<String[]> STAFF = List.of(
            new String[] {"alice", "Alice Amsel", "bob"},
            new String[] {"bob", "Bob Birke", "carol"},
            new String[] {"carol", "Carol Cyan", "alice"});

    private static final String EVERYBODYS_PASSWORD = "secret";

    private final DataSource dataSource;
    private final Passwords passwords;

    LoginSchema(DataSource dataSource, Passwords passwords) {
        this.dataSource = dataSource;
        this.passwords = passwords;
    }

    @Override
    public void afterPropertiesSet() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                create(connection);
                connection.commit();
            } catch (SQLException | RuntimeException | Error e) {
                connection.rollback();
                throw e;
            }
        }
    }

    private void create(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // IF NOT EXISTS is not safe against a second instance that starts at the same moment.
            statement.execute("SELECT pg_advisory_xact_lock(" + SCHEMA_LOCK + ")");
            for (String table : TABLES) {
                statement.execute(table);
            }
        }
        for (String[] person : STAFF) {
            insert(connection, "users (username, password_hash)", person[0], passwords.hash(EVERYBODYS_PASSWORD));
            insert(connection, "user_login_info (username)", person[0]);
        }
        for (String[] person : STAFF) {
            insert(connection, "employees (username, full_name, manager)", person);
        }
    }

    private static void insert(Connection connection, String target, String... values) throws SQLException {
        String marks = String.join(", ", Collections.nCopies(values.length, "?"));
        String sql = "INSERT INTO " + target + " VALUES (" + marks + ") ON CONFLICT DO NOTHING";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
            }
            statement.executeUpdate();
        }
    }
}
