package io.pgheal.demo.login;

import io.github.resilience4j.retry.Retry;
import io.pgheal.HealedRetry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Service;

/** Checks a password and records the login. This code is correct: it is the victim here. */
@Service
class Login {

    private final DataSource dataSource;
    private final Passwords passwords;
    private final String nobodysHash;
    private final Duration lockTimeout;

    /** Repeats a login that waited for a lock holder which pgheal heals, within the same request. */
    private final Retry retry = Retry.of("login", HealedRetry.config());

    Login(DataSource dataSource, Passwords passwords, @Value("${demo.login-lock-timeout}") Duration lockTimeout) {
        this.dataSource = dataSource;
        this.passwords = passwords;
        this.lockTimeout = lockTimeout;
        this.nobodysHash = passwords.hash(UUID.randomUUID().toString());
    }

    /** The new session's id, or nothing when the user name or the password is wrong. */
    Optional<String> attempt(String username, String password) throws Exception {
        Optional<String> hash = passwordHash(username);
        // An unknown user takes as much time as a wrong password, and no connection is held meanwhile.
        boolean known = passwords.matches(password, hash.orElse(nobodysHash)) && hash.isPresent();
        return known ? Optional.of(retry.executeCallable(() -> record(username))) : Optional.empty();
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

    /** One whole transaction, from borrowing to closing: the unit that a retry repeats. */
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

    private void waitNoLongerThanTheUserWould(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL lock_timeout = '" + lockTimeout.toMillis() + "ms'");
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
