package io.pgheal.demo.faults;

import io.pgheal.demo.orgchart.OrgChartRows;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Hands a connection to another thread, like a message broker whose connection holds its lock, or a coroutine with a
 * suspended transaction.
 */
@Component
@Order(7)
class HandOver implements Fault {

    private static final String KIND = "handed-over";

    private final DataSource dataSource;
    private final BackgroundWork background;

    HandOver(DataSource dataSource, BackgroundWork background) {
        this.dataSource = dataSource;
        this.background = background;
    }

    @Override
    public FaultCard card() {
        return FaultCard.mustBeSpared(
                KIND,
                "Handed over, and alive",
                "A thread changes the login row and ends in the middle of its transaction. Another one has got the"
                        + " connection, waits for 20 seconds without touching it, and then commits.",
                "Nothing, though everything that can be seen of it looks like the leak. The garbage collector is asked,"
                        + " something still refers to the connection, and so it is told as retained, and left alone.");
    }

    @Override
    public FaultAnswer strike(String username, Duration time) throws SQLException, InterruptedException {
        Connection[] handedOver = new Connection[1];
        SQLException[] failed = new SQLException[1];
        Thread first = new Thread(
                () -> {
                    try {
                        handedOver[0] = begin(username);
                    } catch (SQLException e) {
                        failed[0] = e;
                    }
                },
                KIND);
        first.start();
        first.join();
        if (failed[0] != null) {
            throw failed[0];
        }
        background.start(KIND, username, () -> {
            finish(handedOver[0], time);
            return "committed";
        });
        return FaultAnswer.running(username + "'s row stays locked for " + time.toSeconds()
                + " s by a transaction whose thread has ended; then another thread commits it.");
    }

    private Connection begin(String username) throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            connection.setAutoCommit(false);
            OrgChartRows.countOpened(connection, username);
            return connection;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private static void finish(Connection connection, Duration time) throws SQLException, InterruptedException {
        try (connection) {
            try {
                Thread.sleep(time.toMillis());
                connection.commit();
            } catch (Throwable e) {
                connection.rollback();
                throw e;
            }
        }
    }
}
