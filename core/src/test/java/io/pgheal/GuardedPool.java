package io.pgheal;

import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
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
        HikariConfig pool = new HikariConfig();
        pool.setJdbcUrl(server.url());
        pool.setUsername(server.user());
        pool.setPassword(server.password());
        pool.setMaximumPoolSize(SLOTS);
        pool.setMinimumIdle(0);
        pool.setConnectionTimeout(10_000);
        pool.setPoolName("pool" + NUMBER.incrementAndGet());
        HikariDataSource hikari = new HikariDataSource(pool);
        try (Connection connection = hikari.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS user_login_info");
            statement.execute(
                    "CREATE TABLE user_login_info (username text PRIMARY KEY, logins int NOT NULL DEFAULT 0, note text)");
            statement.execute("INSERT INTO user_login_info VALUES ('alice'), ('bob'), ('carol')");
        }
        SelfHealingDataSource guarded = builder.apply(SelfHealingDataSource.builder(hikari)
                        .config(config.apply(HealingConfig.builder()).build()))
                .build();
        GuardedPool made = new GuardedPool(server, hikari, guarded);
        await().until(() -> guarded.healer().connected());
        return made;
    }

    /** The transaction of the story up to the point where its code is lost: the user's row is locked. */
    Connection beginLogin(String username) throws SQLException {
        Connection connection = guarded.getConnection();
        connection.setAutoCommit(false);
        update(connection, username);
        return connection;
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
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try (Connection connection = outside("some-other-app")) {
                        update(connection, username);
                        done.complete(null);
                    } catch (Throwable e) {
                        done.completeExceptionally(e);
                    }
                },
                "outside");
        thread.setDaemon(true);
        thread.start();
        return done;
    }

    /** A login of this application, through the guarded pool. */
    CompletableFuture<Void> login(String username) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try (Connection connection = guarded.getConnection()) {
                        update(connection, username);
                        done.complete(null);
                    } catch (Throwable e) {
                        done.completeExceptionally(e);
                    }
                },
                "login");
        thread.setDaemon(true);
        thread.start();
        return done;
    }

    Connection outside(String applicationName) throws SQLException {
        return DriverManager.getConnection(
                server.url() + (server.url().contains("?") ? "&" : "?") + "ApplicationName=" + applicationName,
                server.user(),
                server.password());
    }

    void awaitLockWait(int waiters) {
        await().until(() -> {
            try (Connection connection = outside("observer");
                    Statement statement = connection.createStatement();
                    ResultSet found = statement.executeQuery(
                            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                    + " AND datname = current_database()")) {
                found.next();
                return found.getInt(1) >= waiters;
            }
        });
    }

    int logins(String username) throws SQLException {
        try (Connection connection = outside("observer");
                PreparedStatement select =
                        connection.prepareStatement("SELECT logins FROM user_login_info WHERE username = ?")) {
            select.setString(1, username);
            try (ResultSet found = select.executeQuery()) {
                found.next();
                return found.getInt(1);
            }
        }
    }

    Incident awaitIncident(OutcomeKind outcome) {
        return await().atMost(Duration.ofSeconds(30))
                .until(() -> incidents(outcome).stream().findFirst().orElse(null), java.util.Objects::nonNull);
    }

    List<Incident> incidents(OutcomeKind outcome) {
        return guarded.incidents().stream()
                .filter(incident -> incident.outcome() == outcome)
                .toList();
    }

    /** By SQL: unwrapping the driver's connection would void all evidence. */
    static int pid(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT pg_backend_pid()")) {
            found.next();
            return found.getInt(1);
        }
    }

    /** The pool can lend all its slots at once, and nothing of pgheal is left open. */
    void assertAllSlotsBack() {
        await().until(() -> guarded.leases().isEmpty() && guarded.healer().leases() == 0);
        Connection[] all = new Connection[SLOTS];
        try {
            for (int i = 0; i < SLOTS; i++) {
                all[i] = guarded.getConnection();
            }
        } catch (SQLException e) {
            throw new AssertionError("not all slots came back", e);
        } finally {
            for (Connection each : all) {
                if (each != null) {
                    try {
                        each.close();
                    } catch (SQLException e) {
                        throw new AssertionError(e);
                    }
                }
            }
        }
    }

    @Override
    public void close() {
        guarded.close();
        hikari.close();
    }
}
