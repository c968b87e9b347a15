package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.Ticker;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.core.BaseConnection;

/** What is done to the backend of an abandoned lease, and what is not: seen from between pgheal and the pool. */
class RemedyTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final List<Object> kept = Collections.synchronizedList(new ArrayList<>());
    private final List<Connection> lent = Collections.synchronizedList(new ArrayList<>());
    private final ClockThatFails clock = new ClockThatFails();
    private HikariDataSource hikari;
    private SelfHealingDataSource guarded;
    private Connection left;
    private int pid;

    /** Fails once, in the middle of a cancel. */
    private static final class ClockThatFails extends Ticker {
        volatile boolean armed;
        volatile boolean failed;

        @Override
        public long nanos() {
            if (armed && Thread.currentThread().getName().endsWith("-act") && inClimb()) {
                armed = false;
                failed = true;
                throw new IllegalStateException("no time");
            }
            return super.nanos();
        }

        private static boolean inClimb() {
            return StackWalker.getInstance()
                    .walk(frames ->
                            frames.anyMatch(frame -> frame.getMethodName().equals("climb")));
        }
    }

    @BeforeEach
    void tables() throws SQLException {
        admin("DROP TABLE IF EXISTS remedies", "CREATE TABLE remedies (id int PRIMARY KEY, n int)");
        admin("INSERT INTO remedies VALUES (1, 0), (2, 0)", "GRANT ALL ON remedies TO PUBLIC");
    }

    @AfterEach
    void stop() throws SQLException {
        guarded.close();
        hikari.close();
        admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%'"
                + " AND pid <> pg_backend_pid()");
    }

    private void start(UnaryOperator<Connection> between, ControlSettings control) {
        start(between, control, Duration.ofMinutes(1)); // no harsher remedy because the machine is slow
    }

    private void start(UnaryOperator<Connection> between, ControlSettings control, Duration escalation) {
        hikari = SERVER.app().pool("remedy", 2);
        DataSource below = (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    Object answer = call(hikari, method, arguments);
                    if (answer instanceof Connection connection) {
                        lent.add(connection);
                        return between.apply(connection);
                    }
                    return answer;
                });
        guarded = SelfHealingDataSource.builder(below)
                .config(HealingConfig.builder()
                        .diagnosisDeadline(Duration.ofSeconds(10)) // this machine may be busy
                        .escalationInterval(escalation)
                        .build())
                .control(control)
                .ticker(clock)
                .build();
        await().until(() -> guarded.healer().connected());
    }

    private static ControlSettings asTheApplication() {
        return ControlSettings.of(SERVER.url(), SERVER.user(), SERVER::password);
    }

    private static Object call(Object below, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(below, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static void admin(String... statements) throws SQLException {
        try (Connection connection = SERVER.adminConnection();
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    /** Leaves a transaction behind for certain, and a statement that runs in it unseen by pgheal. */
    private void leaveBusy() throws SQLException {
        leave(() -> {
            Connection raw = lent.get(0);
            Thread hidden = new Thread(() -> {
                try (Statement statement = raw.createStatement()) {
                    statement.execute("SELECT pg_sleep(600)");
                } catch (SQLException expected) {
                    kept.add(expected);
                }
            });
            hidden.setDaemon(true);
            hidden.start();
            await().until(() -> "active".equals(state(pid)));
        });
    }

    private void leave(Runnable before) throws SQLException {
        try (var scope = guarded.scope("work")) {
            left = guarded.getConnection();
            left.setAutoCommit(false);
            update(left, 1);
            pid = Sql.pid(left);
            before.run();
        }
    }

    private static void update(Connection connection, int id) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("UPDATE remedies SET n = n + 1 WHERE id = ?")) {
            update.setInt(1, id);
            update.executeUpdate();
        }
    }

    private static String state(int pid) throws SQLException {
        try (Connection connection = SERVER.adminConnection();
                PreparedStatement select =
                        connection.prepareStatement("SELECT state FROM pg_stat_activity WHERE pid = ?")) {
            select.setInt(1, pid);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getString(1) : null;
            }
        }
    }

    private Incident awaitIncident() {
        return await().until(() -> guarded.incidents().stream().findFirst().orElse(null), java.util.Objects::nonNull);
    }

    private void awaitSlotsBack() {
        await().until(() ->
                guarded.healer().leases() == 0 && hikari.getHikariPoolMXBean().getActiveConnections() == 0);
    }

    /** Aborting a busy connection alone would leave its backend running, with its locks. */
    @Test
    void aBusyBackendIsCancelledBeforeItsConnectionIsAborted() throws Exception {
        start(UnaryOperator.identity(), asTheApplication());
        leaveBusy();
        Incident incident = awaitIncident();
        assertThat(incident.remedies()).extracting(rung -> rung.rung()).containsExactly(Rung.CANCEL, Rung.ABORT);
        assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
        awaitSlotsBack();
    }

    @Test
    void itsConnectionIsGivenBackAlsoWhenTheCancelFails() throws Exception {
        start(
                UnaryOperator.identity(),
                asTheApplication(),
                Duration.ofMillis(300)); // what is left then, is ended later
        clock.armed = true;
        leaveBusy();
        await().until(() -> clock.failed);
        awaitSlotsBack();
        await().until(() -> state(pid) == null);
    }

    /** The driver's pid is what a pooler made up; here it is somebody else's. */
    @Test
    void behindAPoolerNothingIsSignalled() throws Exception {
        try (Connection innocent = SERVER.connection()) {
            innocent.setAutoCommit(false);
            update(innocent, 2);
            int somebody = Sql.pid(innocent);
            start(connection -> pooled(connection, somebody), asTheApplication());
            leaveBusy();
            Incident incident = awaitIncident();
            assertThat(incident.remedies()).extracting(rung -> rung.rung()).containsExactly(Rung.ABORT);
            assertThat(incident.outcome()).isEqualTo(OutcomeKind.RELEASED_UNVERIFIED);
            assertThat(state(pid)).as("nobody knows that it is this one").isEqualTo("active");
            innocent.commit();
            awaitSlotsBack();
        }
    }

    private static Connection pooled(Connection connection, int pid) {
        return (Connection) Proxy.newProxyInstance(
                RemedyTest.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    Object answer = call(connection, method, arguments);
                    return answer instanceof BaseConnection driver ? lying(driver, pid) : answer;
                });
    }

    private static BaseConnection lying(BaseConnection driver, int pid) {
        return (BaseConnection) Proxy.newProxyInstance(
                RemedyTest.class.getClassLoader(),
                new Class<?>[] {BaseConnection.class},
                (proxy, method, arguments) ->
                        method.getName().equals("getBackendPID") ? pid : call(driver, method, arguments));
    }

    /** What cannot be seen cannot be judged: the connection is aborted, for it is ours, and that is all. */
    @Test
    void aBackendThatIsHiddenIsNotSignalled() throws Exception {
        admin("DROP ROLE IF EXISTS sees_nothing", "CREATE ROLE sees_nothing LOGIN PASSWORD 'sees_nothing'");
        try {
            start(
                    UnaryOperator.identity(),
                    ControlSettings.of(SERVER.url(), "sees_nothing", () -> "sees_nothing"),
                    Duration.ofMillis(300)); // each of them is waited for in vain
            leaveBusy();
            Incident incident = awaitIncident();
            assertThat(incident.remedies())
                    .filteredOn(rung -> rung.rung() != Rung.ABORT)
                    .isNotEmpty()
                    .allSatisfy(rung -> assertThat(rung.outcome()).doesNotContain("SENT"));
            assertThat(incident.outcome()).isEqualTo(OutcomeKind.UNRESOLVED);
            assertThat(state(pid)).isEqualTo("active");
            awaitSlotsBack();
        } finally {
            guarded.close();
            admin("DROP ROLE sees_nothing");
        }
    }
}
