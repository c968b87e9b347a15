package io.pgheal.demo.orgchart;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.springframework.stereotype.Service;

/**
 * The same fault in the background. Running exports are registered, so that somebody could stop one; the lost ones
 * stay registered too, and so no garbage collection ever finds their connections.
 */
@Service
public class OrgChartExport {

    private final DataSource dataSource;
    private final Map<Long, Connection> running = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();

    OrgChartExport(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    public OrgChart export(String username) throws SQLException {
        return build(username, OrgChartRows::countOpened);
    }

    /** Only reads: no row is locked, but the tables stay pinned against every change of their shape. */
    public OrgChart preview(String username) throws SQLException {
        return build(username, OrgChartRows::requireKnown);
    }

    private OrgChart build(String username, UserStatement ofUser) throws SQLException {
        long number = numbers.incrementAndGet();
        Connection connection = dataSource.getConnection();
        running.put(number, connection);
        try {
            connection.setAutoCommit(false);
            List<Employee> staff = OrgChartRows.staff(connection);
            ofUser.run(connection, username);
            OrgChart chart = OrgChart.of(username, staff);
            connection.commit();
            end(number);
            return chart;
        } catch (Exception e) {
            connection.rollback();
            end(number);
            throw e;
        }
    }

    private interface UserStatement {
        void run(Connection connection, String username) throws SQLException;
    }

    private void end(long number) throws SQLException {
        Connection connection = running.remove(number);
        if (connection != null) {
            connection.close();
        }
    }
}
