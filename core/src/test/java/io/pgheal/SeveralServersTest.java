package io.pgheal;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.report.Incident;
import io.pgheal.testserver.FaultProxy;
import io.pgheal.testserver.HotStandby;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.StopMode;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;

/** One data source, more than one server. */
@Timeout(120)
class SeveralServersTest {
    @RegisterExtension
    static final PostgresServer FIRST = PostgresServer.dedicated();

    @RegisterExtension
    static final PostgresServer SECOND = PostgresServer.shared();

    private static final String SAME = "several";

    private final List<Object> kept = new ArrayList<>();

    /** The same database on both, so that one URL fits both. */
    @BeforeEach
    void tables() throws Exception {
        for (PostgresServer server : List.of(FIRST, SECOND)) {
            try (Connection admin = server.adminConnection();
                    Statement statement = admin.createStatement()) {
                statement.execute("DROP DATABASE IF EXISTS " + SAME + " WITH (FORCE)");
                statement.execute("CREATE DATABASE " + SAME + " OWNER " + server.user());
            }
            try (Connection connection = connect(server.port());
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE user_login_info (username text PRIMARY KEY, logins int NOT NULL)");
                statement.execute("INSERT INTO user_login_info VALUES ('alice', 0), ('bob', 0)");
            }
        }
    }

    private static Connection connect(int port) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://localhost:" + port + "/" + SAME, FIRST.user(), FIRST.password());
    }

    private static HikariDataSource pool(String hosts, String options) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://" + hosts + "/" + SAME + options);
        config.setUsername(FIRST.user());
        config.setPassword(FIRST.password());
        config.setMaximumPoolSize(8);
        config.setMinimumIdle(0);
        return new HikariDataSource(config);
    }

    private static CompletableFuture<Void> login(int port) {
        return CompletableFuture.runAsync(() -> {
            try (Connection connection = connect(port)) {
                GuardedPool.update(connection, "alice");
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static int port(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT inet_server_port()")) {
            row.next();
            return row.getInt(1);
        }
    }

    private void leak(SelfHealingDataSource guarded) throws SQLException {
        try (var scope = guarded.scope("leak")) {
            Connection left = guarded.getConnection();
            kept.add(left);
            left.setAutoCommit(false);
            GuardedPool.update(left, "alice");
        }
    }

    private static Incident next(SelfHealingDataSource guarded, Set<String> known) {
        Incident found = await().atMost(Duration.ofSeconds(30))
                .until(
                        () -> guarded.incidents().stream()
                                .filter(incident -> !known.contains(incident.id()))
                                .findFirst()
                                .orElse(null),
                        incident -> incident != null);
        known.add(found.id());
        return found;
    }

    @Test
    void whereTheDriverBalancesEachServerHasItsOwnControlConnection() throws Exception {
        String hosts = "localhost:" + FIRST.port() + ",localhost:" + SECOND.port();
        try (HikariDataSource pool = pool(hosts, "?loadBalanceHosts=true");
                SelfHealingDataSource guarded =
                        SelfHealingDataSource.builder(pool).name("balanced").build()) {
            await().until(() -> guarded.healer().connected());
            Set<Integer> seen = new HashSet<>();
            await().until(
                            () -> { // until connections to both are known
                                List<Connection> all = new ArrayList<>();
                                try {
                                    for (int i = 0; i < 8; i++) {
                                        Connection connection = guarded.getConnection();
                                        all.add(connection);
                                        seen.add(port(connection));
                                    }
                                } finally {
                                    for (Connection connection : all) {
                                        connection.close();
                                    }
                                }
                                pool.getHikariPoolMXBean().softEvictConnections();
                                return seen.size() == 2;
                            });
            await().until(() -> Thread.getAllStackTraces().keySet().stream()
                            .filter(thread -> thread.getName().startsWith("pgheal-balanced-control"))
                            .count()
                    == 2);
            await().until(() -> controlSessions(FIRST) == 1 && controlSessions(SECOND) == 1);

            Set<String> known = new HashSet<>();
            Set<Integer> healed = new HashSet<>();
            for (int trial = 0; trial < 40 && healed.size() < 2; trial++) {
                Connection left;
                try (var scope = guarded.scope("leak")) {
                    left = guarded.getConnection();
                    kept.add(left);
                    left.setAutoCommit(false);
                    healed.add(port(left));
                    GuardedPool.update(left, "alice");
                }
                Incident incident = next(guarded, known);
                assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
                pool.getHikariPoolMXBean().softEvictConnections();
            }
            assertThat(healed).as("leaks on both servers").hasSize(2);
        }
        await().until(() -> controlSessions(FIRST) == 0 && controlSessions(SECOND) == 0);
    }

    private static int controlSessions(PostgresServer server) throws SQLException {
        try (Connection admin = server.adminConnection();
                Statement statement = admin.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM pg_stat_activity WHERE datname = '" + SAME
                        + "' AND application_name = 'pgheal-control'")) {
            row.next();
            return row.getInt(1);
        }
    }

    /** Spring's router over two pools: its URL is not known, and the control connection reaches one of the two. */
    @Test
    void behindARouterTheServerThatIsNotReachedIsOnlyAborted() throws Exception {
        AtomicReference<String> route = new AtomicReference<>("first");
        AbstractRoutingDataSource router = new AbstractRoutingDataSource() {
            @Override
            protected Object determineCurrentLookupKey() {
                return route.get();
            }
        };
        try (HikariDataSource first = pool("localhost:" + FIRST.port(), "");
                HikariDataSource second = pool("localhost:" + SECOND.port(), "")) {
            router.setTargetDataSources(Map.of("first", first, "second", second));
            router.afterPropertiesSet();
            org.postgresql.ds.PGSimpleDataSource control = new org.postgresql.ds.PGSimpleDataSource();
            control.setUrl(first.getJdbcUrl());
            control.setUser(FIRST.user());
            control.setPassword(FIRST.password());
            try (SelfHealingDataSource guarded = SelfHealingDataSource.builder(router)
                    .controlDataSource(control)
                    .build()) {
                await().until(() -> guarded.healer().connected());
                Set<String> known = new HashSet<>();

                leak(guarded);
                login(FIRST.port()).get(20, SECONDS);
                assertThat(next(guarded, known).outcome()).isEqualTo(OutcomeKind.HEALED);

                route.set("second");
                leak(guarded);
                login(SECOND.port()).get(20, SECONDS);
                Incident unverified = next(guarded, known);
                assertThat(unverified.outcome()).isEqualTo(OutcomeKind.RELEASED_UNVERIFIED);
                assertThat(unverified.remedies())
                        .extracting(rung -> rung.rung())
                        .containsExactly(Rung.ABORT);
                assertThat(unverified.locks()).as("what the other server says").isEmpty();
            }
        }
    }

    @Test
    void anAddressThatLeadsToAnotherServerIsFollowed() throws Exception {
        AtomicLong ahead = new AtomicLong();
        Ticker ticker = new Ticker() {
            @Override
            public long nanos() {
                return super.nanos() + ahead.get();
            }
        };
        try (FaultProxy address = FaultProxy.to(FIRST.url());
                HikariDataSource pool = pool("127.0.0.1:" + address.port(), "");
                SelfHealingDataSource guarded =
                        SelfHealingDataSource.builder(pool).ticker(ticker).build()) {
            await().until(() -> guarded.healer().connected());
            Set<String> known = new HashSet<>();
            leak(guarded);
            assertThat(next(guarded, known).outcome()).isEqualTo(OutcomeKind.HEALED);

            address.redirect(SECOND.url()); // the first lives on, and keeps the control connection
            pool.getHikariPoolMXBean().softEvictConnections();
            leak(guarded);
            assertThat(next(guarded, known).outcome()).isEqualTo(OutcomeKind.RELEASED_UNVERIFIED);
            assertThat(controlSessions(FIRST)).isOne();

            ahead.addAndGet(Duration.ofSeconds(11).toNanos()); // no lease on the first for so long
            leak(guarded);
            next(guarded, known);
            await().until(() -> guarded.healer().connected() && controlSessions(SECOND) == 1);
            leak(guarded);
            assertThat(next(guarded, known).outcome()).isEqualTo(OutcomeKind.HEALED);
            await().until(() -> controlSessions(FIRST) == 0);
        }
    }

    @Test
    void afterAFailoverTheControlConnectionIsWithTheNewPrimary() throws Exception {
        try (HotStandby standby = FIRST.standby()) {
            String hosts = "localhost:" + FIRST.port() + ",localhost:" + standby.port();
            try (HikariDataSource pool = pool(hosts, "?targetServerType=primary&loadBalanceHosts=false");
                    SelfHealingDataSource guarded =
                            SelfHealingDataSource.builder(pool).build()) {
                await().until(() -> guarded.healer().connected());
                Set<String> known = new HashSet<>();
                leak(guarded);
                assertThat(next(guarded, known).outcome()).isEqualTo(OutcomeKind.HEALED);
                Connection lost = guarded.getConnection();
                lost.setAutoCommit(false);
                GuardedPool.update(lost, "bob");

                FIRST.stop(StopMode.IMMEDIATE);
                try {
                    standby.promote();
                    try {
                        lost.close();
                    } catch (SQLException asWithoutPgheal) {
                        // its rollback finds no server
                    }
                    await().atMost(Duration.ofSeconds(30)).until(() -> {
                        try (Connection connection = guarded.getConnection()) {
                            return port(connection) == standby.port();
                        } catch (SQLException notYet) {
                            return false;
                        }
                    });
                    await().atMost(Duration.ofSeconds(30))
                            .until(() -> guarded.healer().connected());
                    leak(guarded);
                    login(standby.port()).get(20, SECONDS);
                    Incident incident = next(guarded, known);
                    assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
                    await().until(() -> guarded.leases().isEmpty()); // nothing of the lost server is left
                } finally {
                    FIRST.start();
                }
            }
        }
    }
}
