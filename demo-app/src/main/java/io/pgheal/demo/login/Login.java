package io.pgheal.demo.login;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.stereotype.Service;

/** Checks a password and records the login. This is the correct code of the service: it is the victim here. */
@Service
class Login {

    static final int LOCK_TIMEOUT_SECONDS = 5;

    private final DataSource dataSource;
    private final Passwords passwords;
    private final String nobodysHash;

    Login(DataSource dataSource, Passwords passwords) {
        this.dataSource = dataSource;
        this.passwords = passwords;
        this.nobodysHash = passwords.hash(UUID.randomUUID().toString());
    }

    /** The new session's id, or nothing when the user name or the password is wrong. */
    Optional<String> attempt(String username, String password) throws SQLException {
        Optional<String> hash = passwordHash(username);
        // An unknown user costs as much time as a wrong password, and no connection is held meanwhile.
        boolean known = passwords.matches(password, hash.orElse(nobodysHash)) && hash.isPresent();
        return known ? Optional.of(record(username)) : Optional.empty();
    }

    private Optional<String> passwordHash(String username) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement =
                        connection.prepareStatement("SELECT password_hash FROM users WHERE username = ?")) {
            statement.setString(1, username);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
            }
        }
    }

    private String record(String username) throws SQLException {
        String sessionId = UUID.randomUUID().toString();
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                waitNoLongerThanTheUserWould(connection);
                update(connection, username, sessionId);
                connection.commit();
            } catch (SQLException | RuntimeException | Error e) {
                rollBack(connection, e);
                throw e;
            }
        }
        return sessionId;
    }

    private static void waitNoLongerThanTheUserWould(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL lock_timeout = '" + LOCK_TIMEOUT_SECONDS + "s'");
        }
    }

    private static void update(Connection connection, String username, String sessionId) throws SQLException {
        String sql = """
                UPDATE user_login_info
                   SET last_login = now(), session_id = ?, login_count = login_count + 1
                 WHERE username = ?""";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, sessionId);
            statement.setString(2, username);
            if (statement.executeUpdate() != 1) {
                throw new SQLException("The login of " + username + " changed no row");
            }
        }
    }

    private static void rollBack(Connection connection, Throwable cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }
}
