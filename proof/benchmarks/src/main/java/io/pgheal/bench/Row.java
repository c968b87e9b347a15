package io.pgheal.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** The row that everybody wants: a user's login. */
final class Row {
    private Row() {}

    static void update(Connection connection, String username) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE user_login_info SET logins = logins + 1 WHERE username = ?")) {
            update.setString(1, username);
            update.executeUpdate();
        }
    }

    /** Locks the row in a transaction that stays open. */
    static Connection lock(Connection connection, String username) throws SQLException {
        connection.setAutoCommit(false);
        update(connection, username);
        return connection;
    }
}
