package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A time limit for live owners counts how long somebody was in the way, not how long it had waited itself. */
@Timeout(120)
class MovingQueueTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final int QUEUE = 25;

    /** Each holds the table for a fifth of the limit; the last waits for five times the limit. */
    @Test
    void whoHasJustComeOutOfALongQueueIsNotCancelled() throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(SERVER.url());
        config.setUsername(SERVER.user());
        config.setPassword(SERVER.password());
        config.setMaximumPoolSize(QUEUE + 1);
        ExecutorService threads = Executors.newFixedThreadPool(QUEUE);
        try (HikariDataSource pool = new HikariDataSource(config);
                SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool)
                        .config(HealingConfig.builder()
                                .lockWaitThreshold(Duration.ofMillis(100))
                                .activeBlockerTimeout(Duration.ofSeconds(1))
                                .build())
                        .build()) {
            await().until(() -> guarded.healer().connected());
            try (Connection connection = guarded.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE IF NOT EXISTS hot (id int PRIMARY KEY, n int NOT NULL)");
                statement.execute("INSERT INTO hot VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET n = 0");
            }
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < QUEUE; i++) {
                all.add(threads.submit(() -> {
                    try (Connection connection = guarded.getConnection();
                            Statement statement = connection.createStatement()) {
                        connection.setAutoCommit(false);
                        statement.execute("LOCK TABLE hot IN EXCLUSIVE MODE");
                        statement.execute("UPDATE hot SET n = n + 1");
                        statement.execute("SELECT pg_sleep(0.2)");
                        connection.commit();
                    }
                    return null;
                }));
            }
            for (Future<?> each : all) {
                each.get(60, TimeUnit.SECONDS);
            }
            assertThat(guarded.incidents()).extracting(Incident::outcome).containsOnly(OutcomeKind.REPORTED);
            try (Connection connection = guarded.getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT n FROM hot")) {
                row.next();
                assertThat(row.getInt(1)).isEqualTo(QUEUE);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
