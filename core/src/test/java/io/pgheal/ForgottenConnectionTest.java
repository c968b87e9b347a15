package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.FaultProxy;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The network has forgotten a connection: its end is not told to the server, which keeps the transaction for hours. */
class ForgottenConnectionTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private static final String TAKE_SEAT = "UPDATE seats SET id = id WHERE id = 1";

    private final List<Object> kept = new ArrayList<>();

    @Test
    void aTransactionWhoseEndTheServerWasNotToldOfIsEnded() throws Exception {
        SERVER.app().run("CREATE TABLE seats (id int PRIMARY KEY)", "INSERT INTO seats VALUES (1)");
        try (FaultProxy network = FaultProxy.to(SERVER.url())) {
            try (HikariDataSource pool =
                            SERVER.app().at(network.url(SERVER.url())).pool("forgotten", 1);
                    SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool)
                            .config(HealingConfig.builder()
                                    .escalationInterval(
                                            Duration.ofMinutes(1)) // no harsher remedy because a machine is slow
                                    .build())
                            .build()) {
                await().until(() -> guarded.healer().connected());
                try (var scope = guarded.scope("unit-of-work")) {
                    Connection leaked = guarded.getConnection();
                    kept.add(leaked);
                    leaked.setAutoCommit(false);
                    Sql.run(leaked, TAKE_SEAT);
                    network.forget(); // pgheal's own connection too
                }

                beside.start("waits", () -> SERVER.app().run(TAKE_SEAT)).get();
                Incident orphan = await().until(
                                () -> guarded.incidents().stream()
                                        .filter(each -> each.diagnosis() == DiagnosisKind.ORPHANED_BACKEND)
                                        .findFirst()
                                        .orElse(null),
                                java.util.Objects::nonNull);
                assertThat(orphan.outcome()).isEqualTo(OutcomeKind.HEALED);
                assertThat(orphan.tables()).contains("seats");
            }
        }
    }
}
