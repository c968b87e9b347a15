package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.PostgresServer;
import java.lang.reflect.Proxy;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TimeZone;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.springframework.jdbc.datasource.DelegatingDataSource;

class ControlConnectionTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final Sessions sessions = new Sessions(SERVER);

    @Test
    void settingsHoldWhateverTheApplicationsUrlSays() throws Exception {
        String url = SERVER.url() + "?currentSchema=evil&options=-c%20statement_timeout=0&ApplicationName=x&user=nobody"
                + "&password=wrong&readOnly=true";
        try (Connection connection =
                ControlSettings.of(url, SERVER.user(), SERVER::password).open()) {
            assertSettings(connection);
            assertThat(connection.getNetworkTimeout()).isEqualTo(5000);
        }
    }

    @Test
    void aDataSourcesConnectionIsSetUpTheSame() throws Exception {
        try (Connection connection = ConnectionOpener.from(SERVER.app().dataSource(), Duration.ofSeconds(1))
                .open()) {
            assertSettings(connection);
            assertThat(connection.getNetworkTimeout()).isEqualTo(5000);
            assertThat(connection.unwrap(PGConnection.class).getPrepareThreshold())
                    .isZero();
        }
    }

    /** A server may be chosen by them: an endpoint, a pooler's route, a partition of tenants. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theApplicationsOptionsAreKeptBeforeOurs(boolean inTheUrl) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("user", SERVER.user());
        properties.setProperty("password", SERVER.password());
        String options = "-c app.route=a -c search_path=evil";
        if (!inTheUrl) {
            properties.setProperty("options", options);
        }
        String url = SERVER.url()
                + (inTheUrl ? "?options=" + URLEncoder.encode(options, StandardCharsets.UTF_8) + "&ssl=false" : "");
        try (Connection connection = ControlSettings.of(url, () -> properties).open()) {
            assertSettings(connection);
            assertThat(setting(connection, "app.route")).isEqualTo("a");
        }
    }

    /** Its sessions are lent to the application next. */
    @Test
    void whatAPoolerLendsIsLeftAsItIs() throws Exception {
        DataSource pooler = new DelegatingDataSource(SERVER.app().dataSource()) {
            @Override
            public Connection getConnection() throws SQLException {
                Connection lent = super.getConnection();
                PGConnection driver = lent.unwrap(PGConnection.class);
                PGConnection elsewhere =
                        passingOn(PGConnection.class, driver, method -> method.equals("getBackendPID") ? 4711 : null);
                return passingOn(Connection.class, lent, method -> method.equals("unwrap") ? elsewhere : null);
            }
        };
        try (Connection connection =
                ConnectionOpener.from(pooler, Duration.ofSeconds(1)).open()) {
            assertThat(setting(connection, "search_path")).doesNotContain("pg_catalog");
            assertThat(setting(connection, "statement_timeout")).isEqualTo("0");
            assertThat(connection.getAutoCommit()).isTrue();
        }
    }

    private static <T> T passingOn(Class<T> type, T below, Function<String, @Nullable Object> instead) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    Object answer = instead.apply(method.getName());
                    return answer != null ? answer : method.invoke(below, arguments);
                }));
    }

    static void assertSettings(Connection connection) throws SQLException {
        assertThat(connection.getAutoCommit()).isTrue();
        assertThat(setting(connection, "search_path")).isEqualTo("pg_catalog");
        assertThat(setting(connection, "statement_timeout")).isEqualTo("1s");
        assertThat(setting(connection, "lock_timeout")).isEqualTo("500ms");
        assertThat(setting(connection, "idle_session_timeout")).isEqualTo("0");
        assertThat(setting(connection, "application_name")).isEqualTo("pgheal-control");
        assertThat(setting(connection, "jit")).isEqualTo("off");
        // What the server's system made of them; by a socket in the file system, nothing.
        assertThat(setting(connection, "tcp_keepalives_idle")).isEqualTo("30");
        assertThat(setting(connection, "tcp_keepalives_interval")).isEqualTo("10");
        assertThat(setting(connection, "tcp_keepalives_count")).isEqualTo("3");
        assertThat(setting(connection, "tcp_user_timeout")).isIn("60000", "1min");
    }

    private static String setting(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW " + name)) {
            row.next();
            return row.getString(1);
        }
    }

    @Test
    void theNameOfATableIsNoSql() throws Exception {
        sessions.admin("DROP TABLE IF EXISTS \"o'brien\"");
        sessions.admin("CREATE TABLE \"o'brien\" (id int)");
        sessions.admin("GRANT ALL ON \"o'brien\" TO PUBLIC");
        Session holder = sessions.open().run("LOCK TABLE \"o'brien\" IN SHARE MODE");
        ControlConnection control = sessions.control(SERVER.superuser(), SERVER.superuserPassword());

        assertThat(control.locksOn(new TableName("public", "o'brien", null)))
                .extracting(lock -> lock.backend() == null ? 0 : lock.backend().pid())
                .containsExactly(holder.pid());
        assertThat(control.locksOn(new TableName("public", "x' OR '1'='1", null)))
                .isEmpty();
        holder.connection().rollback();
        sessions.admin("DROP TABLE \"o'brien\"");
    }

    @Test
    void credentialsAreAskedAtEachConnect() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        try (ControlConnection control = new ControlConnection(ControlSettings.of(SERVER.url(), SERVER.user(), () -> {
            asked.incrementAndGet();
            return SERVER.password();
        }))) {
            assertThat(control.isOpen()).isFalse();
            assertThatThrownBy(control::identity).hasMessageContaining("connect()");
            control.connect();
            control.connect();
            assertThat(control.isOpen()).isTrue();
        }
        assertThat(asked).hasValue(2);
    }

    @Test
    void abortEndsACallOfAnotherThreadAndConnectRepairs() throws Exception {
        ControlConnection control = sessions.control(SERVER.superuser(), SERVER.superuserPassword());
        control.abort();

        assertThat(control.isOpen()).isFalse();
        assertThatThrownBy(control::identity).isInstanceOf(SQLException.class);
        control.connect();
        assertThat(control.identity()).isEqualTo(sessions.control().identity());
    }

    @Test
    void aTerminatedControlConnectionIsKnownToBeClosed() throws Exception {
        ControlConnection control = sessions.control(SERVER.superuser(), SERVER.superuserPassword());
        sessions.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                + " WHERE application_name = 'pgheal-control' AND pid <> pg_backend_pid()");

        assertThatThrownBy(() -> {
                    control.identity();
                    control.identity();
                })
                .isInstanceOf(SQLException.class);
        assertThat(control.isOpen()).isFalse();
    }

    /** Inside a transaction pg_stat_activity stands still, and an innocent one would be hit. */
    @Test
    void isInAutoCommitWhateverTheOpenerSays() throws Exception {
        try (ControlConnection control = new ControlConnection(() -> {
            Connection connection = SERVER.adminConnection();
            connection.setAutoCommit(false);
            return connection;
        })) {
            control.connect();
            Session innocent = sessions.open().run("SELECT 1");
            TransactionRef judged =
                    control.backend(innocent.pid()).orElseThrow().judged().orElseThrow();
            innocent.run("SELECT 2");

            assertThat(control.terminate(judged)).isEqualTo(Signal.MOVED_ON);
            innocent.connection().commit();
        }
    }

    @Test
    void capabilitiesFollowTheGrants() throws Exception {
        Capabilities superuser = sessions.control().capabilities();
        assertThat(superuser.superuser()).isTrue();
        assertThat(superuser.seesOthers()).isTrue();
        assertThat(superuser.maySignalOthers()).isTrue();
        assertThat(superuser.inRecovery()).isFalse();
        assertThat(superuser.tracksActivities()).isTrue();
        assertThat(superuser.poolerInBetween()).isFalse();
        assertThat(superuser.serverVersion()).isGreaterThanOrEqualTo(140000);

        Capabilities app = sessions.control("app", "app").capabilities();
        assertThat(app.user()).isEqualTo("app");
        assertThat(app.superuser()).isFalse();
        assertThat(app.seesOthers()).isFalse();
        assertThat(app.maySignalOthers()).isFalse();

        sessions.role("watcher", "pg_monitor");
        assertThat(sessions.control("watcher", "watcher").capabilities().seesOthers())
                .isTrue();
        sessions.role("healer", "pg_read_all_stats, pg_signal_backend");
        Capabilities healer = sessions.control("healer", "healer").capabilities();
        assertThat(healer.seesOthers()).isTrue();
        assertThat(healer.maySignalOthers()).isTrue();
    }

    @Test
    void anotherRolesBackendIsHiddenFromAPlainRole() throws Exception {
        sessions.role("plain", "");
        ControlConnection plain = sessions.control("plain", "plain");
        Session session = sessions.open().run("SELECT 'secret'");

        Backend hidden = plain.backend(session.pid()).orElseThrow();

        assertThat(hidden.visible()).isFalse();
        assertThat(hidden.judged()).isEmpty();
        assertThat(hidden.id()).isNull();
        assertThat(hidden.user()).isEqualTo("app");
        assertThat(hidden.lastStatement()).isNull();
        assertThat(hidden.isCommitting()).isFalse();
    }

    /** A hidden waiter in the middle must not look like the root. */
    @Test
    void aChainThroughAHiddenBackendIsFollowed() throws Exception {
        sessions.setUp(
                "DROP TABLE IF EXISTS chain", "CREATE TABLE chain (id int)", "INSERT INTO chain VALUES (1), (2)");
        sessions.role("plain", "");
        sessions.setUp("GRANT ALL ON chain TO plain");
        ControlConnection app = sessions.control("app", "app");
        Session root = sessions.open().run("UPDATE chain SET id = id WHERE id = 1");
        Session hidden = sessions.open("plain").run("UPDATE chain SET id = id WHERE id = 2");
        hidden.startAndWait("UPDATE chain SET id = id WHERE id = 1", sessions.control());
        Session waiter = sessions.open();
        waiter.startAndWait("UPDATE chain SET id = id WHERE id = 2", sessions.control());

        for (BlockingTree tree :
                List.of(app.blockingTree(Set.of(waiter.pid())), app.blockingTree(null), app.fullBlockingTree(null))) {
            assertThat(tree.rootsOf(waiter.pid())).containsExactly(root.pid());
            assertThat(tree.roots()).containsExactly(root.pid());
        }
    }

    @Test
    void identitiesAreTheSameInEveryTimeZone() throws Exception {
        Session session = sessions.open().run("SELECT 1");
        TransactionRef here = sessions.judged(session);
        TimeZone zone = TimeZone.getDefault();
        try {
            TimeZone.setDefault(TimeZone.getTimeZone("America/St_Johns"));
            ControlConnection elsewhere = sessions.control(SERVER.superuser(), SERVER.superuserPassword());
            assertThat(elsewhere.backend(session.pid()).orElseThrow().judged()).contains(here);
            assertThat(elsewhere.identity()).isEqualTo(sessions.control().identity());
        } finally {
            TimeZone.setDefault(zone);
        }
    }

    @Test
    void transactionStatusTakesShortAndLongIds() throws Exception {
        Session session = sessions.open().run("CREATE TABLE IF NOT EXISTS status (id int)");
        String xid = sessions.control().backend(session.pid()).orElseThrow().xid();

        assertThat(sessions.control().transactionStatus(xid)).contains("in progress");
        session.connection().commit();
        assertThat(sessions.control().transactionStatus(xid)).contains("committed");

        session.run("INSERT INTO status VALUES (1)");
        String next = sessions.control().backend(session.pid()).orElseThrow().xid();
        session.connection().rollback();
        assertThat(sessions.control().transactionStatus(next)).contains("aborted");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sessions.control().transactionStatus("x"))
                .withMessageContaining("'x'");
    }

    @Test
    void noPasswordInAnyText() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> ControlSettings.of("jdbc:mysql://u:hunter2@h/x?password=hunter2", "u", () -> "hunter2"))
                .withMessageContaining("jdbc:postgresql:")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hunter2"));
        ControlSettings settings =
                ControlSettings.of("jdbc:postgresql://u:hunter2@h/x?password=hunter2", "u", () -> "hunter2");
        assertThat(settings.toString()).doesNotContain("hunter2").contains("//h/x");
        ControlSettings broken =
                ControlSettings.of("jdbc:postgresql://h:notaport/x?password=hunter2", "u", () -> "hunter2");
        AtomicReference<Throwable> failure = new AtomicReference<>();
        assertThatThrownBy(broken::open).isInstanceOf(SQLException.class).satisfies(failure::set);
        assertThat(failure.get().toString()).doesNotContain("hunter2");
    }

    @Test
    void aWrongPasswordSaysWhoButNotWhat() {
        assertThatThrownBy(() -> ControlSettings.of("jdbc:postgresql://127.0.0.1:1/x", "u", () -> "hunter2")
                        .open())
                .isInstanceOf(SQLException.class)
                .satisfies(e -> assertThat(e.toString()).doesNotContain("hunter2"));
    }

    @Test
    void timeoutsMustFitTogether() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ControlSettings(
                        "jdbc:postgresql://h/x",
                        java.util.Properties::new,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(5)))
                .withMessageContaining("socket timeout");
    }

    @Test
    void aLeftOverWaiterIsSeenUntilItIsGone() throws Exception {
        Session holder = sessions.open().run("SELECT pg_advisory_xact_lock(5)");
        Session waiter = sessions.open();
        waiter.startAndWait("SELECT pg_advisory_xact_lock(5)", sessions.control());
        ControlConnection app = sessions.control("app", "app");

        assertThat(app.inTheWay(Set.of(holder.pid()))).containsExactly(holder.pid());
        holder.connection().rollback();
        await().until(() -> app.inTheWay(Set.of(holder.pid())).isEmpty());
    }
}
