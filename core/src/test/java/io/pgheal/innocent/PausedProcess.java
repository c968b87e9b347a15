package io.pgheal.innocent;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.Retained;
import io.pgheal.report.Metrics;
import io.pgheal.testserver.Login;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * An application in a process of its own, to be stopped while its lease is between two threads: one began the work and is
 * gone, the other has not used the connection yet; and a third one waits for a connection, for there is only one. Goes on
 * when it reads a line.
 */
final class PausedProcess {
    private PausedProcess() {}

    public static void main(String[] args) throws Exception {
        Login app = new Login(args[0], args[1], args[2]);
        try (HikariDataSource pool = app.pool("paused", 1, it -> it.setConnectionTimeout(300_000));
                SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool)
                        .config(HealingConfig.builder()
                                .abandonedGrace(Duration.ofSeconds(6))
                                .abandonedRetained(Retained.HEAL)
                                .build())
                        .build()) {
            while (!guarded.healer().connected()) {
                LockSupport.parkNanos(1_000_000);
            }
            CompletableFuture<Connection> handedOver = new CompletableFuture<>();
            Thread first = new Thread(() -> {
                try {
                    Connection connection = guarded.getConnection();
                    connection.setAutoCommit(false);
                    write(connection, "begun");
                    Sql.run(connection, "UPDATE account SET waited = 0 WHERE who = 'paused'");
                    handedOver.complete(connection);
                } catch (SQLException e) {
                    handedOver.completeExceptionally(e);
                }
            });
            first.start();
            first.join();
            Connection connection = handedOver.get();
            CompletableFuture<Void> lentAgain =
                    Stage.inThread("next", () -> guarded.getConnection().close());
            while (pool.getHikariPoolMXBean().getThreadsAwaitingConnection() == 0) {
                LockSupport.parkNanos(1_000_000);
            }
            long pauses = guarded.healer().mishaps().pauses();
            System.out.println("handed over");
            int line = System.in.read();
            AtomicInteger looks = new AtomicInteger();
            guarded.metrics((name, healer) -> new Metrics() {
                @Override
                public void cycle(Duration took) {
                    looks.incrementAndGet();
                }
            });
            // the healing loop is awake, and has looked at what is left of the time before
            while (guarded.healer().mishaps().pauses() == pauses || looks.get() < 20) {
                LockSupport.parkNanos(1_000_000);
            }
            write(connection, "ended " + line);
            connection.commit();
            connection.close();
            int incidents = guarded.incidents().size();
            lentAgain.get();
            System.out.println("committed, incidents: " + incidents + ", then the slot was lent");
        } catch (SQLException e) {
            System.out.println("failed: " + e);
        }
    }

    private static void write(Connection connection, String line) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO ledger VALUES ('paused', ?)")) {
            insert.setString(1, line);
            insert.executeUpdate();
        }
    }
}
