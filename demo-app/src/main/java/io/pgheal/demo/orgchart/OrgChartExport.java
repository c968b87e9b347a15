package io.pgheal.demo.orgchart;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.stereotype.Service;

/** The same fault in the background: the error takes the only reference to the connection with it. */
@Service
public class OrgChartExport {

    private final DataSource dataSource;

    OrgChartExport(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    public OrgChart export(String username) throws SQLException {
        return build(username, OrgChartRows::countOpened);
    }

    /** Only reads: locks no row, but its table locks block every change of the tables' structure. */
    public OrgChart preview(String username) throws SQLException {
        return build(username, OrgChartRows::requireKnown);
    }

    private OrgChart build(String username, UserStatement ofUser) throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            connection.setAutoCommit(false);
            List<Employee> staff = OrgChartRows.staff(connection);
            ofUser.run(connection, username);
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

    private interface UserStatement {
        void run(Connection connection, String username) throws SQLException;
    }
}
