package io.pgheal.demo.faults;

import io.pgheal.demo.orgchart.UnknownUser;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.stereotype.Component;

/** Checks the user name: a fault for an unknown user would lock no row, and show nothing. */
@Component
class KnownUsers {

    private final DataSource dataSource;

    KnownUsers(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    void require(String username) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement("SELECT 1 FROM users WHERE username = ?")) {
            statement.setString(1, username);
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    throw new UnknownUser(username);
                }
            }
        }
    }
}
