package io.pgheal.demo.faults;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Walks up the reporting lines with a query at each step. Closes every connection, as it should. */
class ChainOfCommand {

    private final DataSource dataSource;

    ChainOfCommand(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** The number of people above this one: the loop never ends when the reporting lines form a circle. */
    int height(@Nullable String username) throws SQLException {
        return username == null ? 0 : 1 + height(managerOf(username));
    }

    private @Nullable String managerOf(String username) throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            PreparedStatement statement =
                    connection.prepareStatement("SELECT manager FROM employees WHERE username = ?");
            try {
                statement.setString(1, username);
                ResultSet rows = statement.executeQuery();
                return rows.next() ? rows.getString(1) : null;
            } finally {
                statement.close();
            }
        } finally {
            connection.close();
        }
    }
}
