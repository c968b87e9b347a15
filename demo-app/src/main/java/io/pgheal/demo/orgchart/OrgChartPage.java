package io.pgheal.demo.orgchart;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.stereotype.Service;

/**
 * The faulty operation of the demo. It looks careful, and for exceptions it is. But a {@link StackOverflowError} is no
 * {@link Exception}: it skips the only clean-up, and the connection stays borrowed, its transaction open, the user's
 * login row locked.
 */
@Service
public class OrgChartPage {

    private final DataSource dataSource;

    OrgChartPage(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    public OrgChart open(String username) throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            connection.setAutoCommit(false);
            List<Employee> staff = OrgChartRows.staff(connection);
            OrgChartRows.countOpened(connection, username);
            OrgChart chart = OrgChart.of(username, staff);
            connection.commit();
            connection.close();
            return chart;
        } catch (Exception e) {
            connection.rollback();
            connection.close();
            throw e;
        }
    }
}
