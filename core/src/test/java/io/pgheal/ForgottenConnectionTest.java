package io.pgheal;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.FaultProxy;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The network has forgotten a connection: its end is not told to the server, which keeps the transaction for hours. */
@Timeout(120)
class ForgottenConnectionTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final List<Object> kept = new ArrayList<>();

    @Test
    void aTransactionWhoseEndTheServerWasNotToldOfIsEnded() throws Exception {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE seats (id int PRIMARY KEY)");
            statement.execute("INSERT INTO seats VALUES (1)");
        }
        HikariConfig config = new HikariConfig();
        try (FaultProxy network = FaultProxy.to(SERVER.url())) {
            config.setJdbcUrl(network.url(SERVER.url()));
            config.setUsername(SERVER.user());
            config.setPassword(SERVER.password());
            config.setMaximumPoolSize(1);
            try (HikariDataSource pool = new HikariDataSource(config);
                    SelfHealingDataSource guarded =
                            SelfHealingDataSource.builder(pool).build()) {
                await().until(() -> guarded.healer().connected());
                try (var scope = guarded.scope("unit-of-work")) {
                    Connection leaked = guarded.getConnection();
                    kept.add(leaked);
                    leaked.setAutoCommit(false);
                    takeSeat(leaked);
                    network.forget(); // pgheal's own connection too
                }

                CompletableFuture<Void> waiter = CompletableFuture.runAsync(() -> {
                    try (Connection outside = SERVER.connection()) {
                        takeSeat(outside);
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                });

                waiter.get(60, SECONDS);
                Incident orphan = await().atMost(Duration.ofSeconds(20))
                        .until(
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

    private static void takeSeat(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("UPDATE seats SET id = id WHERE id = 1");
        }
    }
}
