package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.report.Incident;
import io.pgheal.testserver.FaultProxy;
import io.pgheal.testserver.HotStandby;
import io.pgheal.testserver.Login;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.testserver.StopMode;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;

/** One data source, more than one server. */
@Tag("thorough")
class SeveralServersTest {
    @RegisterExtension
    static final PostgresServer FIRST = PostgresServer.dedicated();

    @RegisterExtension
    static final PostgresServer SECOND = PostgresServer.shared();

    private static final String SAME = "several";

    /** No harsher remedy because a machine is slow. */
    private static final HealingConfig PATIENT =
            HealingConfig.builder().escalationInterval(Duration.ofMinutes(1)).build();

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private final List<Object> kept = new ArrayList<>();

    /** The same database on both, so that one URL fits both. */
    @BeforeEach
    void tables() throws Exception {
        for (PostgresServer server : List.of(FIRST, SECOND)) {
            server.admin()
                    .run(
                            "DROP DATABASE IF EXISTS " + SAME + " WITH (FORCE)",
                            "CREATE DATABASE " + SAME + " OWNER " + server.user());
            app("localhost:" + server.port(), "")
                    .run(
                            "CREATE TABLE user_login_info (username text PRIMARY KEY, logins int NOT NULL)",
                            "INSERT INTO user_login_info VALUES ('alice', 0), ('bob', 0)");
        }
    }

    private static Login app(String hosts, String options) {
        return FIRST.app().at("jdbc:postgresql://" + hosts + "/" + SAME + options);
    }

    private static HikariDataSource pool(String hosts, String options) {
        return app(hosts, options).pool("several", 8);
    }

    private void login(int port) throws Exception {
        Login app = app("localhost:" + port, "");
        beside.start("login", () -> {
                    try (Connection connection = app.connect()) {
                        GuardedPool.update(connection, "alice");
                    }
                })
                .get();
    }

    private static int port(Connection connection) throws SQLException {
        return (int) Sql.number(connection, "SELECT inet_server_port()");
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
        Incident found = await().until(
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
                SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool)
                        .config(PATIENT)
                        .name("balanced")
                        .build()) {
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

    private static long controlSessions(PostgresServer server) throws SQLException {
        return server.admin()
                .number("SELECT count(*) FROM pg_stat_activity WHERE datname = '" + SAME
                        + "' AND application_name = 'pgheal-control'");
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
            try (SelfHealingDataSource guarded = SelfHealingDataSource.builder(router)
                    .config(PATIENT)
                    .controlDataSource(app("localhost:" + FIRST.port(), "").dataSource())
                    .build()) {
                await().until(() -> guarded.healer().connected());
                Set<String> known = new HashSet<>();

                leak(guarded);
                login(FIRST.port());
                assertThat(next(guarded, known).outcome()).isEqualTo(OutcomeKind.HEALED);

                route.set("second");
                leak(guarded);
                login(SECOND.port());
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
                SelfHealingDataSource guarded = SelfHealingDataSource.builder(pool)
                        .config(PATIENT)
                        .ticker(ticker)
                        .build()) {
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
                            SelfHealingDataSource.builder(pool).config(PATIENT).build()) {
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
                    await().until(() -> {
                        try (Connection connection = guarded.getConnection()) {
                            return port(connection) == standby.port();
                        } catch (SQLException notYet) {
                            return false;
                        }
                    });
                    try {
                        guarded.blockingTree(); // the end of an idle session is noticed by the next question
                    } catch (SQLException itIsLost) {
                        // as it is to be
                    }
                    await().until(() -> guarded.healer().connected());
                    leak(guarded);
                    login(standby.port());
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
