package io.pgheal.demo.faults;

import io.pgheal.demo.orgchart.OrgChartRows;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

@Component
@Order(4)
class SwallowedErrorFault implements Fault {

    private static final Logger log = LoggerFactory.getLogger(SwallowedErrorFault.class);

    private final DataSource dataSource;

    SwallowedErrorFault(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    @Override
    public FaultCard card() {
        return FaultCard.mustBeHealed(
                "swallowed-error",
                "Swallow an error",
                "The clean-up was put into the happy path, and somebody added catch (Throwable) { log } to make the"
                        + " page robust. The request ends well, with 200.",
                "The connection, its transaction and the lock on the login row. No error is left to tell of it: the"
                        + " request that borrowed the connection is over, and that is all there is to see.");
    }

    @Override
    public FaultAnswer strike(String username, Duration time) throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            connection.setAutoCommit(false);
            OrgChartRows.countOpened(connection, username);
            int width = columnWidth(username);
            connection.commit();
            connection.close();
            return FaultAnswer.done("The columns are " + width + " wide.");
        } catch (Throwable e) {
            log.warn("The column width of {} is not known; the page is shown without it", username, e);
            return FaultAnswer.done("The page was shown without its column width. All is well, says the log.");
        }
    }

    private static int columnWidth(String username) {
        throw new AssertionError("no font metrics for " + username + " on a headless server");
    }
}
