package io.pgheal.testserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(120)
class FaultProxyTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private FaultProxy proxy;

    @BeforeEach
    void listen() throws Exception {
        proxy = FaultProxy.to(SERVER.url());
    }

    @AfterEach
    void closeLeavesNothing() {
        proxy.close();
        assertThat(proxy.connections()).isZero();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("fault-proxy-"));
        assertThatThrownBy(() -> connect("")).isInstanceOf(SQLException.class);
    }

    private Connection connect(String options) throws SQLException {
        return DriverManager.getConnection(proxy.url(SERVER.url()) + options, SERVER.user(), SERVER.password());
    }

    private static int ask(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT 42")) {
            result.next();
            return result.getInt(1);
        }
    }

    private static CompletableFuture<Integer> askInBackground(Connection connection) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return ask(connection);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static long backends() throws SQLException {
        try (Connection connection = SERVER.adminConnection();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = '"
                                + SERVER.user() + "'")) {
            result.next();
            return result.getLong(1);
        }
    }

    @Test
    void forwardsAndTellsBothSidesOfTheEnd() throws Exception {
        try (Connection connection = connect("")) {
            assertThat(ask(connection)).isEqualTo(42);
            assertThat(proxy.connections()).isEqualTo(1);
        }
        await().until(() -> proxy.connections() == 0);
        await().until(() -> backends() == 0);
        assertThat(proxy.accepted()).isEqualTo(1);
    }

    @Test
    void tellsTheClientWhenItsSessionIsEnded() throws Exception {
        try (Connection connection = connect("");
                Connection admin = SERVER.adminConnection();
                Statement statement = admin.createStatement()) {
            statement.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = '"
                    + SERVER.user() + "' AND datname = current_database()");
            assertThatThrownBy(() -> ask(connection)).isInstanceOf(SQLException.class);
        }
        await().until(() -> proxy.connections() == 0);
    }

    @Test
    void resetsEveryConnection() throws Exception {
        try (Connection connection = connect("")) {
            proxy.reset();
            assertThatThrownBy(() -> ask(connection)).isInstanceOf(SQLException.class);
        }
        await().until(() -> backends() == 0);
        connect("").close();
    }

    @Test
    void refusesNewConnectionsUntilItIsHealed() throws Exception {
        try (Connection connection = connect("")) {
            proxy.refuse();
            assertThatThrownBy(() -> connect(""))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"));
            assertThat(ask(connection)).isEqualTo(42);
            proxy.heal();
            connect("").close();
        }
    }

    @Test
    void isSilentUntilItIsHealedAndLosesNothing() throws Exception {
        try (Connection connection = connect("")) {
            proxy.silence();
            CompletableFuture<Integer> answer = askInBackground(connection);
            assertThatThrownBy(() -> connect("?loginTimeout=1")).isInstanceOf(SQLException.class);
            assertThat(answer).isNotDone();
            proxy.heal();
            assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo(42);
        }
    }

    @Test
    void tellsNobodyOfAnEndWhileItIsSilent() throws Exception {
        Connection connection = connect("");
        proxy.silence();
        connection.close();
        try (Connection other = SERVER.connection()) {
            ask(other); // time for an end to arrive, if it did
        }
        assertThat(backends()).isEqualTo(1);
        proxy.heal();
        await().until(() -> backends() == 0);
    }

    @Test
    void cutsOneDirection() throws Exception {
        try (Connection connection = connect("");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE arrived (n int)");
            proxy.cut(FaultProxy.Direction.TO_CLIENT);
            CompletableFuture<Boolean> done = CompletableFuture.supplyAsync(() -> {
                try {
                    return statement.execute("INSERT INTO arrived VALUES (1)");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            try (Connection direct = SERVER.connection();
                    Statement count = direct.createStatement()) {
                await().until(() -> {
                    try (ResultSet rows = count.executeQuery("SELECT count(*) FROM arrived")) {
                        rows.next();
                        return rows.getInt(1) == 1;
                    }
                });
            }
            assertThat(done).isNotDone();
            proxy.heal();
            done.get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void forgetsAConnectionForEver() throws Exception {
        Connection forgotten = connect("?socketTimeout=1");
        proxy.forget();
        assertThatThrownBy(() -> ask(forgotten)).isInstanceOf(SQLException.class);
        proxy.heal();
        assertThat(backends()).as("the server does not know").isEqualTo(1);
        try (Connection other = connect("")) {
            assertThat(ask(other)).isEqualTo(42);
        }
    }

    @Test
    void delays() throws Exception {
        try (Connection connection = connect("")) {
            proxy.delay(Duration.ofMillis(100));
            long begin = System.nanoTime();
            ask(connection);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(Duration.ofMillis(200));
        }
    }

    @Test
    void refusesAUrlThatItCannotStandInFrontOf() {
        assertThatThrownBy(() -> FaultProxy.to("jdbc:postgresql://a:1,b:2/db"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
