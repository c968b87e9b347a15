package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A time limit for live owners counts how long somebody was in the way, not how long it had waited itself. */
@Tag("thorough")
class MovingQueueTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    private static final int QUEUE = 25;

    /** Each holds the table for a tenth of the limit; the last waits for more than twice the limit. */
    @Test
    void whoHasJustComeOutOfALongQueueIsNotCancelled() throws Exception {
        SERVER.app().run("CREATE TABLE hot (id int PRIMARY KEY, n int NOT NULL)", "INSERT INTO hot VALUES (1, 0)");
        try (SideBySide queue = new SideBySide();
                HikariDataSource pool = SERVER.app().pool("queue", QUEUE + 1);
                SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool)
                        .config(HealingConfig.builder()
                                .lockWaitThreshold(Duration.ofMillis(100))
                                .activeBlockerTimeout(Duration.ofSeconds(5))
                                .build())
                        .build()) {
            await().until(() -> guarded.healer().connected());
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < QUEUE; i++) {
                all.add(queue.start("queue-" + i, () -> {
                    try (Connection connection = guarded.getConnection()) {
                        connection.setAutoCommit(false);
                        Sql.run(
                                connection,
                                "LOCK TABLE hot IN EXCLUSIVE MODE",
                                "UPDATE hot SET n = n + 1",
                                "SELECT pg_sleep(0.5)");
                        connection.commit();
                    }
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
            assertThat(guarded.incidents()).extracting(Incident::outcome).containsOnly(OutcomeKind.REPORTED);
            assertThat(SERVER.app().number("SELECT n FROM hot")).isEqualTo(QUEUE);
        }
    }
}
