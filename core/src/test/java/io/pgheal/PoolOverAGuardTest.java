package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.track.HealingLease;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A pool whose connections come from a guarded data source: for the guard there, the pool has borrowed them for good. */
class PoolOverAGuardTest {
    private static final String TAKE_SEAT = "UPDATE seats SET id = id WHERE id = 1";

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private final List<Object> kept = new ArrayList<>();

    private SelfHealingDataSource inner;
    private HikariDataSource pool;
    private SelfHealingDataSource outer;

    @BeforeEach
    void open() throws Exception {
        SERVER.app().run("CREATE TABLE IF NOT EXISTS seats (id int)", "TRUNCATE seats", "INSERT INTO seats VALUES (1)");
        HealingConfig config = HealingConfig.builder()
                .lockWaitThreshold(Duration.ofMillis(100))
                .idleBlockerTimeout(Duration.ofMillis(500))
                .build();
        inner = SelfHealingDataSource.builder(SERVER.app().dataSource())
                .name("inner")
                .config(config)
                .build();
        pool = SERVER.app().pool("over-a-guard", 2, it -> it.setDataSource(inner));
        outer = SelfHealingDataSource.builder(pool).name("outer").config(config).build();
        await().until(() -> outer.healer().connected() && inner.healer().connected());
    }

    @AfterEach
    void close() {
        outer.close();
        pool.close();
        inner.close();
    }

    private CompletableFuture<Void> waits() {
        return beside.start("waits", () -> {
            try (Connection connection = outer.getConnection()) {
                Sql.run(connection, TAKE_SEAT);
            }
        });
    }

    @Test
    void whatThePoolLendsIsGuarded() throws Exception {
        try (var scope = outer.scope("unit-of-work")) {
            Connection leaked = outer.getConnection();
            kept.add(leaked);
            leaked.setAutoCommit(false);
            Sql.run(leaked, TAKE_SEAT);
        }
        waits().get();
        await().until(() -> outcomes(outer).contains(OutcomeKind.HEALED));
        try (Connection one = outer.getConnection();
                Connection other = outer.getConnection()) {
            assertThat(Sql.pid(one)).isNotEqualTo(Sql.pid(other));
        }
        assertThat(outcomes(inner)).doesNotContain(OutcomeKind.HEALED);
    }

    @Test
    void whoAskedForTimeHasItFromBoth() throws Exception {
        try (Connection slow = outer.getConnection()) {
            HealingLease.of(slow).extend(Duration.ofMinutes(5));
            slow.setAutoCommit(false);
            Sql.run(slow, TAKE_SEAT);
            CompletableFuture<Void> waiting = waits();
            await().until(() ->
                    !outer.incidents().isEmpty() && !inner.incidents().isEmpty());
            await().until(() -> SERVER.app()
                            .sessions(
                                    "state = 'idle in transaction' AND clock_timestamp() - state_change > interval '2 s'")
                    == 1);
            slow.commit();
            waiting.get();
        }
        assertThat(outcomes(outer)).containsOnly(OutcomeKind.REPORTED);
        assertThat(outcomes(inner)).containsOnly(OutcomeKind.REPORTED);
    }

    private static List<OutcomeKind> outcomes(SelfHealingDataSource guard) {
        return guard.incidents().stream().map(Incident::outcome).toList();
    }
}
