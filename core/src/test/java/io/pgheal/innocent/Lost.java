package io.pgheal.innocent;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.TickerSeam;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** No innocent: a transaction that its worker has forgotten, with strong evidence, and somebody who waits for its row. */
final class Lost implements AutoCloseable {
    private static final String NAME = "lost";

    private final HikariDataSource pool;
    private final SelfHealingDataSource guarded;
    private final ExecutorService worker = Executors.newFixedThreadPool(1);
    private final Connection kept;
    private final CompletableFuture<Void> waiter;

    Lost(PostgresServer server, Ticker ticker) throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(server.url());
        config.setUsername(server.user());
        config.setPassword(server.password());
        config.setMaximumPoolSize(1);
        config.setPoolName(NAME);
        pool = new HikariDataSource(config);
        guarded = TickerSeam.with(SelfHealingDataSource.builder(pool), ticker).build();
        await().until(() -> guarded.healer().connected());
        update(server, "INSERT INTO account (who) VALUES ('lost')");
        kept = worker.submit(() -> {
                    Connection connection = guarded.getConnection();
                    connection.setAutoCommit(false);
                    try (PreparedStatement update =
                            connection.prepareStatement("UPDATE account SET waited = -1 WHERE who = 'lost'")) {
                        update.executeUpdate();
                    }
                    return connection;
                })
                .get();
        waiter = Stage.inThread(
                NAME + "-waiter", () -> update(server, "UPDATE account SET waited = waited + 1 WHERE who = 'lost'"));
        await().until(() -> waits(server));
    }

    private static void update(PostgresServer server, String sql) throws SQLException {
        try (Connection connection = server.connection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static boolean waits(PostgresServer server) throws SQLException {
        try (Connection connection = server.connection();
                Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT count(*) FROM pg_stat_activity"
                        + " WHERE wait_event_type = 'Lock' AND query LIKE '%who = ''lost''%'")) {
            found.next();
            return found.getInt(1) > 0;
        }
    }

    void assertHealed() throws Exception {
        assertThat(guarded.incidents()).singleElement().satisfies(incident -> {
            assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
            assertThat(incident.evidence())
                    .extracting(each -> each.kind())
                    .containsExactly(EvidenceKind.OWNER_BACK_IN_POOL);
        });
        waiter.get(60, SECONDS);
        assertThat(kept.isClosed()).isTrue();
    }

    @Override
    public void close() {
        worker.shutdownNow();
        guarded.close();
        pool.close();
    }
}
