package io.pgheal;

import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** A small pool on a real server, guarded, with the tables of the story. */
final class GuardedPool implements AutoCloseable {
    static final int SLOTS = 4;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    final HikariDataSource hikari;
    final SelfHealingDataSource guarded;
    private final PostgresServer server;
    private final SideBySide beside = new SideBySide();

    private GuardedPool(PostgresServer server, HikariDataSource hikari, SelfHealingDataSource guarded) {
        this.server = server;
        this.hikari = hikari;
        this.guarded = guarded;
    }

    static GuardedPool on(PostgresServer server, UnaryOperator<HealingConfig.Builder> config) throws SQLException {
        return on(server, config, UnaryOperator.identity());
    }

    static GuardedPool on(
            PostgresServer server,
            UnaryOperator<HealingConfig.Builder> config,
            UnaryOperator<SelfHealingDataSource.Builder> builder)
            throws SQLException {
        HikariDataSource hikari = server.app().pool("pool" + NUMBER.incrementAndGet(), SLOTS);
        try (Connection connection = hikari.getConnection()) {
            Sql.run(
                    connection,
                    "DROP TABLE IF EXISTS user_login_info",
                    "CREATE TABLE user_login_info (username text PRIMARY KEY, logins int NOT NULL DEFAULT 0, note text)",
                    "INSERT INTO user_login_info VALUES ('alice'), ('bob'), ('carol')");
        }
        HealingConfig.Builder patient = HealingConfig.builder()
                .diagnosisDeadline(Duration.ofSeconds(5)) // the whole story, however slow the machine
                .escalationInterval(Duration.ofMinutes(1)) // and no harsher remedy because it is slow
                .proofLongestStop(
                        Duration.ofMinutes(1)); // nor no proof because of what other tests have left in the heap
        SelfHealingDataSource guarded = builder.apply(SelfHealingDataSource.builder(hikari)
                        .ticker(Ticker.system()) // with a witness that nobody has asked before
                        .config(config.apply(patient).build()))
                .build();
        GuardedPool made = new GuardedPool(server, hikari, guarded);
        await().until(() ->
                guarded.healer().connected() || guarded.healer().trouble().contains("08001"));
        return made;
    }

    /** The transaction of the story up to the point where its code is lost: the user's row is locked. */
    Connection beginLogin(String username) throws SQLException {
        Connection connection = guarded.getConnection();
        connection.setAutoCommit(false);
        update(connection, username);
        return connection;
    }

    /** What was made or borrowed by a thread that has ended since. */
    static <T> T byAThreadThatEnded(Callable<T> work) throws Exception {
        try (SideBySide leaver = new SideBySide()) {
            return leaver.start("leaver", work).get();
        }
    }

    static void update(Connection connection, String username) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE user_login_info SET logins = logins + 1 WHERE username = ?")) {
            update.setString(1, username);
            update.executeUpdate();
        }
    }

    /** A login from another application: waits for the row as long as it takes. */
    CompletableFuture<Void> loginFromOutside(String username) {
        return beside.start("outside", () -> {
            try (Connection connection = outside("some-other-app")) {
                update(connection, username);
            }
        });
    }

    /** A login of this application, through the guarded pool. */
    CompletableFuture<Void> login(String username) {
        return beside.start("login", () -> {
            try (Connection connection = guarded.getConnection()) {
                update(connection, username);
            }
        });
    }

    Connection outside(String applicationName) throws SQLException {
        return server.app().connect(applicationName);
    }

    void awaitLockWait(int waiters) {
        await().until(() -> server.app().sessions("wait_event_type = 'Lock'") >= waiters);
    }

    int logins(String username) throws SQLException {
        return (int) server.app().number("SELECT logins FROM user_login_info WHERE username = ?", username);
    }

    Incident awaitIncident(OutcomeKind outcome) {
        return await().until(() -> incidents(outcome).stream().findFirst().orElse(null), Objects::nonNull);
    }

    List<Incident> incidents(OutcomeKind outcome) {
        return guarded.incidents().stream()
                .filter(incident -> incident.outcome() == outcome)
                .toList();
    }

    /** The pool can lend all its slots at once, and nothing of pgheal is left open. */
    void assertAllSlotsBack() throws SQLException {
        await().until(() -> guarded.leases().isEmpty() && guarded.healer().leases() == 0);
        NothingLeft.everySlotIsBack(hikari);
        List<Connection> all = new ArrayList<>();
        try {
            while (all.size() < SLOTS) {
                all.add(guarded.getConnection());
            }
        } finally {
            for (Connection each : all) {
                each.close();
            }
        }
    }

    @Override
    public void close() {
        guarded.close();
        hikari.close();
        beside.close();
    }
}
