package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.TickerSeam;
import io.pgheal.decide.Retained;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** No innocent: a transaction whose thread has ended, and somebody who waits for its row. */
final class Lost implements AutoCloseable {
    private static final String NAME = "lost";

    private final HikariDataSource pool;
    private final SelfHealingDataSource guarded;
    private final List<Connection> kept = new CopyOnWriteArrayList<>();
    private final EvidenceKind evidence;
    private final CompletableFuture<Void> waiter;

    /** By all defaults. */
    Lost(PostgresServer server, Ticker ticker) throws Exception {
        this(server, ticker, false);
    }

    /** @param kept something still refers to it, and the user says that this tells nothing */
    Lost(PostgresServer server, Ticker ticker, boolean kept) throws Exception {
        pool = server.app().pool(NAME, 1);
        guarded = TickerSeam.with(SelfHealingDataSource.builder(pool), ticker)
                .config(HealingConfig.builder()
                        .abandonedRetained(kept ? Retained.HEAL : Retained.REPORT)
                        .proofLongestStop(Duration.ofMinutes(1))
                        .build())
                .build();
        evidence = kept ? EvidenceKind.OWNER_ENDED : EvidenceKind.HANDLE_UNREACHABLE;
        await().until(() -> guarded.healer().connected());
        server.app().run("INSERT INTO account (who) VALUES ('lost')");
        List<Connection> held = this.kept;
        Stage.inThread(NAME, () -> {
                    Connection connection = guarded.getConnection();
                    connection.setAutoCommit(false);
                    Sql.run(connection, "UPDATE account SET waited = -1 WHERE who = 'lost'");
                    if (kept) {
                        held.add(connection);
                    }
                })
                .get();
        waiter = Stage.inThread(
                NAME + "-waiter", () -> server.app().run("UPDATE account SET waited = waited + 1 WHERE who = 'lost'"));
        await().until(() -> server.app().sessions("wait_event_type = 'Lock' AND query LIKE '%who = ''lost''%'") > 0);
    }

    void assertHealed() throws Exception {
        await().until(() -> guarded.leases().isEmpty()); // the collector answers in real time
        assertThat(guarded.incidents()).singleElement().satisfies(incident -> {
            assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
            assertThat(incident.evidence()).extracting(each -> each.kind()).contains(evidence);
        });
        waiter.get();
    }

    @Override
    public void close() {
        kept.clear();
        guarded.close();
        pool.close();
    }
}
