package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.TickerSeam;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.Ticker;
import java.sql.Connection;
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
        pool = server.app().pool(NAME, 1);
        guarded = TickerSeam.with(SelfHealingDataSource.builder(pool), ticker).build();
        await().until(() -> guarded.healer().connected());
        server.app().run("INSERT INTO account (who) VALUES ('lost')");
        kept = worker.submit(() -> {
                    Connection connection = guarded.getConnection();
                    connection.setAutoCommit(false);
                    Sql.run(connection, "UPDATE account SET waited = -1 WHERE who = 'lost'");
                    return connection;
                })
                .get();
        waiter = Stage.inThread(
                NAME + "-waiter", () -> server.app().run("UPDATE account SET waited = waited + 1 WHERE who = 'lost'"));
        await().until(() -> server.app().sessions("wait_event_type = 'Lock' AND query LIKE '%who = ''lost''%'") > 0);
    }

    void assertHealed() throws Exception {
        assertThat(guarded.incidents()).singleElement().satisfies(incident -> {
            assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
            assertThat(incident.evidence())
                    .extracting(each -> each.kind())
                    .containsExactly(EvidenceKind.OWNER_BACK_IN_POOL);
        });
        waiter.get();
        assertThat(kept.isClosed()).isTrue();
    }

    @Override
    public void close() {
        worker.shutdownNow();
        guarded.close();
        pool.close();
    }
}
