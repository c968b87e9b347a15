package io.pgheal.scenario;

import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.TickerSeam;
import io.pgheal.decide.Retained;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.Login;
import io.pgheal.testserver.Sql;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;

/**
 * One way to get stuck: a guarded pool in a database of its own, sessions of others, and what pgheal told of it. Nothing
 * is healed because it was silent for long (the patience is ten minutes): only because somebody waits, or for certain.
 */
final class Scene implements AutoCloseable {
    private static final int SLOTS = 8;

    /** What an application keeps by mistake: with this, no handle is collected. */
    final List<Object> kept = Collections.synchronizedList(new ArrayList<>());

    private final Login app;
    private final Login superuser;
    private final AutoCloseable database;
    private final List<Connection> outside = new ArrayList<>();
    private HikariDataSource hikari;
    private SelfHealingDataSource guarded;

    private Scene(Login app, Login superuser, AutoCloseable database) {
        this.app = app;
        this.superuser = superuser;
        this.database = database;
    }

    /** In a new database of the server, with the table of the story. */
    static Scene on(io.pgheal.testserver.PostgresServer server) throws Exception {
        var database = server.newDatabase();
        return new Scene(database.app(), database.admin(), database).withLogins();
    }

    /** In a database that is there already, which this scene leaves behind. */
    static Scene at(String url, String superuser) throws SQLException {
        Login login = new Login(url, superuser, superuser);
        return new Scene(login, login, () -> {});
    }

    Scene withLogins() throws SQLException {
        setUp(
                "CREATE TABLE login (username text PRIMARY KEY, n int NOT NULL DEFAULT 0)",
                "INSERT INTO login VALUES ('alice'), ('bob'), ('carol'), ('dave')");
        return this;
    }

    /** How a user's row is locked. */
    static String update(String username) {
        return "UPDATE login SET n = n + 1 WHERE username = '" + username + "'";
    }

    // ---- our application

    Scene guard() throws SQLException {
        return guard(config -> config);
    }

    Scene guard(UnaryOperator<HealingConfig.Builder> config) throws SQLException {
        return guard(SLOTS, "", config, builder -> builder);
    }

    /** @param parameters of the pool's URL, after a question mark */
    Scene guard(
            int slots,
            String parameters,
            UnaryOperator<HealingConfig.Builder> config,
            UnaryOperator<SelfHealingDataSource.Builder> builder)
            throws SQLException {
        String url = app.url();
        hikari = app.at(url + (parameters.isEmpty() ? "" : (url.contains("?") ? "&" : "?") + parameters))
                .pool("scene", slots);
        HealingConfig.Builder quick = HealingConfig.builder()
                .abandonedGrace(Duration.ofMillis(300))
                .abandonedPatience(Duration.ofMinutes(10))
                .abandonedRetained(Retained.HEAL) // what is kept here is kept by mistake
                .proofLongestStop(Duration.ofMinutes(1)) // whatever other tests have left in the heap
                .lockWaitThreshold(Duration.ofMillis(200))
                .diagnosisDeadline(Duration.ofSeconds(5)) // the whole story, however slow the machine
                .escalationInterval(Duration.ofMinutes(1)); // and no harsher remedy because it is slow
        guarded = builder.apply(TickerSeam.with(SelfHealingDataSource.builder(hikari), Ticker.system())
                        .config(config.apply(quick).build()))
                .build();
        await().until(() -> guarded.healer().connected());
        return this;
    }

    SelfHealingDataSource guarded() {
        return guarded;
    }

    /** A lease in a transaction. */
    Connection begin(String... statements) throws SQLException {
        Connection connection = guarded.getConnection();
        connection.setAutoCommit(false);
        Sql.run(connection, statements);
        return connection;
    }

    /** A transaction that somebody keeps by mistake. */
    Connection leak(String... statements) throws SQLException {
        Connection connection = begin(statements);
        kept.add(connection);
        return connection;
    }

    /** A statement of ours, once it waits for a lock. */
    Stuck ours(String sql) throws SQLException {
        Connection connection = guarded.getConnection();
        return waiting(new Stuck(connection, Sql.pid(connection), sql));
    }

    // ---- others

    Connection outside(String applicationName) throws SQLException {
        return outside(app, applicationName);
    }

    Connection outside(Login login, String applicationName) throws SQLException {
        Connection connection = login.connect(applicationName);
        outside.add(connection);
        return connection;
    }

    /** A session of somebody else, in a transaction. */
    Connection beginOutside(String... statements) throws SQLException {
        Connection connection = outside("psql");
        connection.setAutoCommit(false);
        Sql.run(connection, statements);
        return connection;
    }

    /** A statement of somebody else, once it waits for a lock. */
    Stuck foreign(String sql) throws SQLException {
        return foreign(app, sql);
    }

    Stuck foreign(Login login, String sql) throws SQLException {
        Connection connection = outside(login, "other-app");
        return waiting(new Stuck(connection, Sql.pid(connection), sql));
    }

    private Stuck waiting(Stuck stuck) {
        awaitLockWait(stuck.pid());
        return stuck;
    }

    void awaitLockWait(int pid) {
        await("waits for a lock: " + pid)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> "t"
                        .equals(admin("SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                + " AND " + pid + " IN (pid, leader_pid))")));
    }

    Login superuser() {
        return superuser;
    }

    // ---- SQL

    static String ask(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "";
            }
            ResultSet found = statement.getResultSet();
            return found.next() ? String.valueOf(found.getString(1)) : "";
        }
    }

    /** Statements of the application's role, each committed at once. */
    void setUp(String... statements) throws SQLException {
        app.run(statements);
    }

    /** A statement of a superuser, and the first thing that it answers. */
    String admin(String sql) throws SQLException {
        try (Connection connection = superuser.connect()) {
            return ask(connection, sql);
        }
    }

    // ---- what was told

    Told told(OutcomeKind outcome, int culprit) {
        return new Told(
                this,
                await("told as " + outcome + ", culprit " + culprit)
                        .atMost(Duration.ofSeconds(60))
                        .until(() -> incident(outcome, culprit), java.util.Objects::nonNull));
    }

    Told healed(int culprit) {
        return told(OutcomeKind.HEALED, culprit);
    }

    Told reported(int culprit) {
        return told(OutcomeKind.REPORTED, culprit);
    }

    private Incident incident(OutcomeKind outcome, int culprit) {
        return guarded.incidents().stream()
                .filter(incident -> incident.outcome() == outcome)
                .filter(incident -> culprit
                        == (incident.culprit() == null ? 0 : incident.culprit().pid()))
                .findFirst()
                .orElse(null);
    }

    List<Incident> incidents(OutcomeKind outcome) {
        return guarded.incidents().stream()
                .filter(incident -> incident.outcome() == outcome)
                .toList();
    }

    /**
     * Measures the time: a leak of its own, that somebody waits for, is begun, judged and healed. Whatever would have been
     * healed by now by the same evidence has been.
     *
     * @param leaks by code of its own, so that it is another place than the ones that are tested
     */
    void letTheGracePass(Callable<Connection> leaks) throws Exception {
        Owner owner = Owner.platform();
        int pid = owner.run(() -> {
            Connection connection = leaks.call();
            kept.add(connection);
            connection.setAutoCommit(false);
            Sql.run(connection, update("dave"));
            return Sql.pid(connection);
        });
        Stuck waiter = foreign(update("dave"));
        owner.end();
        waiter.goesOn();
        healed(pid);
    }

    /** The same by a live blocker that is idle in its transaction: once the limit has ended it, it is over for any older one. */
    void letTheIdleLimitPass() throws Exception {
        Connection blocker = leak(update("dave"));
        int pid = Sql.pid(blocker);
        ours(update("dave")).goesOn(); // one of ours: a live owner is not asked about for the sake of others' waits
        healed(pid);
    }

    @Override
    public void close() throws Exception {
        if (guarded != null) {
            guarded.close();
        }
        for (Connection each : outside) {
            each.abort(Runnable::run);
        }
        if (hikari != null) {
            hikari.close();
        }
        database.close();
    }
}
