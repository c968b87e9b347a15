package io.pgheal.testserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class FaultProxyTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final SideBySide beside = new SideBySide();

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
        return SERVER.app().at(proxy.url(SERVER.url()) + options).connect();
    }

    private static long ask(Connection connection) throws SQLException {
        return Sql.number(connection, "SELECT 42");
    }

    private static long backends() throws SQLException {
        return SERVER.admin().sessions("usename = ?", SERVER.user());
    }

    private static boolean lives(int backend) throws SQLException {
        return SERVER.admin().sessions("pid = ?", backend) == 1;
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
        try (Connection connection = connect("")) {
            SERVER.admin().run("SELECT pg_terminate_backend(" + Sql.pid(connection) + ")");
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
            CompletableFuture<Long> answer = beside.start("asks", () -> ask(connection));
            assertThatThrownBy(() -> connect("?loginTimeout=1")).isInstanceOf(SQLException.class);
            assertThat(answer).isNotDone();
            proxy.heal();
            assertThat(answer.get()).isEqualTo(42);
        }
    }

    @Test
    void tellsNobodyOfAnEndWhileItIsSilent() throws Exception {
        Connection connection = connect("");
        int backend = Sql.pid(connection);
        proxy.silence();
        connection.close();
        try (Connection other = SERVER.connection()) {
            ask(other); // time for an end to arrive, if it did
        }
        assertThat(lives(backend)).isTrue();
        proxy.heal();
        await().until(() -> !lives(backend));
    }

    @Test
    void cutsOneDirection() throws Exception {
        SERVER.app().run("CREATE TABLE arrived (n int)");
        try (Connection connection = connect("")) {
            proxy.cut(FaultProxy.Direction.TO_CLIENT);
            CompletableFuture<Void> done =
                    beside.start("inserts", () -> Sql.run(connection, "INSERT INTO arrived VALUES (1)"));
            await().until(() -> SERVER.app().number("SELECT count(*) FROM arrived") == 1);
            assertThat(done).isNotDone();
            proxy.heal();
            done.get();
        }
    }

    @Test
    void forgetsAConnectionForEver() throws Exception {
        Connection forgotten = connect("");
        int backend = Sql.pid(forgotten);
        forgotten.setNetworkTimeout(Runnable::run, 1_000); // only now: a machine may be slow to connect
        proxy.forget();
        assertThatThrownBy(() -> ask(forgotten)).isInstanceOf(SQLException.class);
        proxy.heal();
        assertThat(lives(backend)).as("the server does not know").isTrue();
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
