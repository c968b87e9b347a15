package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.report.Incident;
import io.pgheal.testserver.Login;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PgBouncer;
import io.pgheal.testserver.PgBouncer.PoolMode;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Behind a real PgBouncer the driver's process ids are made up. */
@Tag("thorough")
class PgBouncerTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.dedicated().config("log_statement", "all");

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private final List<Object> kept = new ArrayList<>();

    private static HikariDataSource pool(PgBouncer pooler) throws SQLException {
        Login app = SERVER.app().at(pooler.url() + "?prepareThreshold=0");
        app.run(
                "DROP TABLE IF EXISTS user_login_info",
                "CREATE TABLE user_login_info (username text PRIMARY KEY, logins int NOT NULL)",
                "INSERT INTO user_login_info VALUES ('alice', 0), ('bob', 0)");
        return app.pool("behind-the-pooler", 3);
    }

    private static SelfHealingDataSource guard(
            HikariDataSource pool, UnaryOperator<SelfHealingDataSource.Builder> builder) {
        return builder.apply(SelfHealingDataSource.builder(pool)).build();
    }

    private static SelfHealingDataSource.Builder straight(SelfHealingDataSource.Builder builder) {
        return builder.controlDataSource(SERVER.app().dataSource());
    }

    private void leak(SelfHealingDataSource guarded, String username) throws SQLException {
        try (var scope = guarded.scope("leak")) {
            Connection left = guarded.getConnection();
            kept.add(left);
            left.setAutoCommit(false);
            GuardedPool.update(left, username);
        }
    }

    private void login(String username) throws Exception {
        beside.start("login", () -> {
                    try (Connection connection = SERVER.connection()) {
                        GuardedPool.update(connection, username);
                    }
                })
                .get();
    }

    private static Incident incident(SelfHealingDataSource guarded, OutcomeKind outcome) {
        return await().until(
                        () -> guarded.incidents().stream()
                                .filter(it -> it.outcome() == outcome)
                                .findFirst()
                                .orElse(null),
                        found -> found != null);
    }

    @ParameterizedTest
    @EnumSource(PoolMode.class)
    void anAbandonedTransactionIsAbortedAndNothingIsSignalledByAMadeUpPid(PoolMode mode) throws Exception {
        int before = SERVER.log().length();
        try (PgBouncer pooler = PgBouncer.inFrontOf(SERVER, mode);
                HikariDataSource pool = pool(pooler);
                SelfHealingDataSource guarded = guard(pool, PgBouncerTest::straight)) {
            await().until(() -> guarded.healer().connected());
            leak(guarded, "alice");

            login("alice");

            Incident incident = incident(guarded, OutcomeKind.RELEASED_UNVERIFIED);
            assertThat(incident.remedies()).extracting(rung -> rung.rung()).containsExactly(Rung.ABORT);
            assertThat(guarded.healer().shortcomings())
                    .as("the control connection goes straight to the server")
                    .noneMatch(lack -> lack.contains("pooler"));
            assertThat(guarded.blockingTree().roots()).isEmpty();
            try (Connection next = guarded.getConnection()) {
                GuardedPool.update(next, "alice");
            }
            assertThat(SERVER.app().number("SELECT logins FROM user_login_info WHERE username = 'alice'"))
                    .as("what was abandoned is rolled back")
                    .isEqualTo(2);
        }
        assertThat(SERVER.log().substring(before))
                .doesNotContain("pg_terminate_backend")
                .doesNotContain("pg_cancel_backend");
    }

    @ParameterizedTest
    @EnumSource(PoolMode.class)
    void aBlockerBehindThePoolerIsNotSignalledAtTheUsersSayEither(PoolMode mode) throws Exception {
        int before = SERVER.log().length();
        try (PgBouncer pooler = PgBouncer.inFrontOf(SERVER, mode);
                HikariDataSource pool = pool(pooler);
                SelfHealingDataSource guarded = guard(
                        pool,
                        builder -> straight(builder)
                                .config(HealingConfig.builder()
                                        .lockWaitThreshold(Duration.ofMillis(50))
                                        .idleBlockerTimeout(Duration.ofMillis(100))
                                        .build()));
                Connection alive = guarded.getConnection()) {
            await().until(() -> guarded.healer().connected());
            alive.setAutoCommit(false);
            GuardedPool.update(alive, "bob");
            CompletableFuture<Void> waiter = beside.start("waits", () -> {
                try (Connection connection = guarded.getConnection()) {
                    GuardedPool.update(connection, "bob");
                }
            });
            await().during(Duration.ofSeconds(1)).until(() -> !waiter.isDone());
            alive.commit();
            waiter.get();
        }
        assertThat(SERVER.log().substring(before))
                .doesNotContain("pg_terminate_backend")
                .doesNotContain("pg_cancel_backend");
    }

    /** The pool's own address is the pooler's: no way for questions. */
    @ParameterizedTest
    @EnumSource(PoolMode.class)
    void withoutAStraightWayItAbortsAndSaysWhatIsMissing(PoolMode mode) throws Exception {
        try (PgBouncer pooler = PgBouncer.inFrontOf(SERVER, mode);
                HikariDataSource pool = pool(pooler);
                SelfHealingDataSource guarded = guard(pool, builder -> builder)) {
            await().until(() -> guarded.healer().trouble().contains("pooler")
                    || guarded.healer().shortcomings().stream().anyMatch(lack -> lack.contains("pooler")));
            leak(guarded, "alice");
            login("alice");
            assertThat(incident(guarded, OutcomeKind.RELEASED_UNVERIFIED).remedies())
                    .extracting(rung -> rung.rung())
                    .containsExactly(Rung.ABORT);
        }
    }
}
