package io.pgheal.demo.faults;

import io.pgheal.demo.orgchart.OrgChartRows;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

@Component
@Order(6)
class SlowButAlive implements Fault {

    private static final String KIND = "slow-but-alive";

    private final DataSource dataSource;
    private final BackgroundWork background;

    SlowButAlive(DataSource dataSource, BackgroundWork background) {
        this.dataSource = dataSource;
        this.background = background;
    }

    @Override
    public FaultCard card() {
        return FaultCard.mustBeSpared(
                KIND,
                "Slow, but alive",
                "A correct transaction that changes the login row, works on in Java for 20 seconds, and then commits."
                        + " From the database it looks just like the leak: idle in transaction, with others waiting.",
                "Nothing. It has an owner, who will finish. It is reported while others wait, and left alone.");
    }

    @Override
    public FaultAnswer strike(String username, Duration time) {
        background.start(KIND, username, () -> {
            work(username, time);
            return "committed";
        });
        return FaultAnswer.running(username + "'s row stays locked for " + time.toSeconds()
                + " s by a transaction that is alive; then it commits.");
    }

    private void work(String username, Duration time) throws SQLException, InterruptedException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                OrgChartRows.countOpened(connection, username);
                compute(time);
                connection.commit();
            } catch (Throwable e) {
                connection.rollback();
                throw e;
            }
        }
    }

    // Mostly pauses: the thread has to be busy, not to heat the CPU.
    private static void compute(Duration time) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        double sum = 0;
        while (System.nanoTime() < end) {
            for (int i = 1; i < 10_000; i++) {
                sum += Math.sqrt(i);
            }
            Thread.sleep(10);
        }
        if (sum < 0) {
            throw new ArithmeticException("a sum of roots is never negative");
        }
    }
}
