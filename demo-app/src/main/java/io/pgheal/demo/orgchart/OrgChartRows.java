package io.pgheal.demo.orgchart;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** The SQL statements of the org chart. All of them have ended before the chart is built. */
public final class OrgChartRows {

    private OrgChartRows() {}

    static List<Employee> staff(Connection connection) throws SQLException {
        List<Employee> staff = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(
                        "SELECT username, full_name, manager FROM employees ORDER BY username");
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                staff.add(new Employee(rows.getString(1), rows.getString(2), rows.getString(3)));
            }
        }
        return staff;
    }

    /** Increments a counter in the user's login row, and so locks the row until the transaction ends. */
    public static void countOpened(Connection connection, String username) throws SQLException {
        String sql = "UPDATE user_login_info SET org_chart_opened = org_chart_opened + 1 WHERE username = ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, username);
            if (statement.executeUpdate() == 0) {
                throw new UnknownUser(username);
            }
        }
    }

    static void requireKnown(Connection connection, String username) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT org_chart_opened FROM user_login_info WHERE username = ?")) {
            statement.setString(1, username);
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    throw new UnknownUser(username);
                }
            }
        }
    }
}
