package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyIn;

/** Those that are bound to their session: leaders, listeners, a COPY, a poller of an outbox. */
final class Bound {
    private static final String LOCK = "pg_try_advisory_lock";
    /** What a function locks no statement tells. */
    private static final String FUNCTION = "become_leader";

    private Bound() {}

    static List<Innocent> all() {
        return List.of(
                Innocent.of("leader-in-a-transaction", Bound::leaderInATransaction),
                Innocent.of("leader-between-two-heartbeats", Bound::leaderBetweenTwoHeartbeats),
                Innocent.of("leader-that-others-follow", Told.LEADS, Bound::leaderThatOthersFollow),
                Innocent.of("leader-of-a-session", Bound::leaderOfASession),
                Innocent.of("leader-whose-followers-poll", stage -> leaderNobodyWaitsFor(stage, false, LOCK)),
                Innocent.of("leader-by-a-function", stage -> leaderNobodyWaitsFor(stage, false, FUNCTION)),
                Innocent.of("leader-of-a-session-by-a-function", stage -> leaderNobodyWaitsFor(stage, true, FUNCTION)),
                Innocent.of("poller-of-an-outbox", Bound::pollerOfAnOutbox),
                Innocent.of("session-that-copies", Bound::sessionThatCopies),
                Innocent.of("session-while-its-pool-grows", Told.NOTHING, Bound::sessionWhileItsPoolGrows)
                        .from(Lender::slowToGrow),
                Innocent.of("session-that-listens", Bound::sessionThatListens).with(2));
    }

    /** Its own thread sleeps between two heartbeats. */
    private static void leaderInATransaction(Stage stage) throws Exception {
        Connection connection = stage.begin();
        lead(stage, connection, "pg_advisory_xact_lock");
        stage.slow();
        stage.awaitOver();
        stage.end(connection);
    }

    /** Its heartbeats are tasks: between two of them its worker is idle. */
    private static void leaderBetweenTwoHeartbeats(Stage stage) throws Exception {
        ExecutorService heart = stage.executor();
        Connection connection = heart.submit(() -> {
                    Connection leading = stage.guarded.getConnection();
                    leading.setAutoCommit(false);
                    stage.write(leading, "elected");
                    lead(stage, leading, "pg_advisory_xact_lock");
                    return leading;
                })
                .get();
        stage.slow();
        stage.awaitOver();
        heart.submit(() -> {
                    stage.end(connection);
                    return null;
                })
                .get();
    }

    /** By a lock of its transaction; the thread that was elected has ended, and others wait to be elected next. */
    private static void leaderThatOthersFollow(Stage stage) throws Exception {
        AtomicReference<Connection> elected = new AtomicReference<>();
        Stage.inThread("election", () -> {
                    Connection leading = stage.guarded.getConnection();
                    leading.setAutoCommit(false);
                    stage.write(leading, "elected");
                    lead(stage, leading, "pg_advisory_xact_lock");
                    elected.set(leading);
                })
                .get();
        stage.slow();
        stage.awaitOver();
        stage.end(elected.get());
    }

    /** Outside any transaction: plain idle, and its worker too. */
    private static void leaderOfASession(Stage stage) throws Exception {
        ExecutorService heart = stage.executor();
        Connection connection = heart.submit(() -> {
                    Connection leading = stage.guarded.getConnection();
                    stage.write(leading, "elected");
                    lead(stage, leading, "pg_advisory_lock");
                    return leading;
                })
                .get();
        // The waiters' sessions must not keep the lock when they have it.
        stage.wanted("SELECT pg_advisory_lock(" + key(stage) + "); SELECT pg_advisory_unlock(" + key(stage) + ")");
        stage.slow();
        stage.awaitOver();
        heart.submit(() -> {
                    try (Statement statement = connection.createStatement();
                            ResultSet held = statement.executeQuery("SELECT pg_advisory_unlock(" + key(stage) + ")")) {
                        held.next();
                        assertThat(held.getBoolean(1)).as("still the leader").isTrue();
                    }
                    stage.write(connection, "stepped down");
                    connection.close();
                    return null;
                })
                .get();
    }

    /** Its followers only look, or it has none; the thread that was elected has ended. */
    private static void leaderNobodyWaitsFor(Stage stage, boolean ofASession, String lock) throws Exception {
        ExecutorService heart = stage.executor();
        AtomicReference<Connection> elected = new AtomicReference<>();
        Stage.inThread("election", () -> {
                    Connection leading = stage.guarded.getConnection();
                    leading.setAutoCommit(ofASession);
                    stage.write(leading, "elected");
                    lead(stage, leading, lock);
                    elected.set(leading);
                })
                .get();
        Connection connection = elected.get();
        stage.nobodyWaitsForALock();
        if (ofASession) {
            stage.nothingToTell(); // it is in no transaction
        }
        stage.slow();
        stage.awaitOver();
        heart.submit(() -> {
                    stage.write(connection, "stepped down");
                    if (!ofASession) {
                        connection.commit();
                        connection.setAutoCommit(true);
                    }
                    try (Statement statement = connection.createStatement()) {
                        statement.execute("SELECT pg_advisory_unlock_all()");
                    }
                    connection.close();
                    return null;
                })
                .get();
    }

    private static void lead(Stage stage, Connection connection, String lock) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT " + lock + "(" + key(stage) + ")");
        }
        stage.wanted("SELECT pg_advisory_xact_lock(" + key(stage) + ")");
    }

    private static int key(Stage stage) {
        return stage.name.hashCode();
    }

    private static void pollerOfAnOutbox(Stage stage) throws Exception {
        try (Connection connection = stage.guarded.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE outbox (id int PRIMARY KEY, payload text)");
            statement.execute("INSERT INTO outbox VALUES (1, 'order placed')");
        }
        stage.wanted("UPDATE outbox SET payload = payload WHERE id = 1");
        stage.executor()
                .submit(() -> {
                    Connection connection = stage.guarded.getConnection();
                    connection.setAutoCommit(false);
                    stage.write(connection, "polled");
                    try (Statement statement = connection.createStatement()) {
                        try (ResultSet row = statement.executeQuery(
                                "SELECT id FROM outbox ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED")) {
                            row.next();
                            stage.slow(); // publishes
                            stage.awaitOver();
                        }
                        assertThat(statement.executeUpdate("DELETE FROM outbox WHERE id = 1"))
                                .isOne();
                    }
                    stage.end(connection);
                    return null;
                })
                .get();
    }

    /** Rows come in by tasks; between two of them the worker is idle, and the session in the middle of its COPY. */
    private static void sessionThatCopies(Stage stage) throws Exception {
        ExecutorService worker = stage.executor();
        AtomicReference<Connection> field = new AtomicReference<>();
        CopyIn copy = worker.submit(() -> {
                    field.set(stage.begin());
                    CopyIn begun =
                            field.get().unwrap(PGConnection.class).getCopyAPI().copyIn("COPY ledger FROM STDIN");
                    copyLine(stage, begun, "copied 1");
                    return begun;
                })
                .get();
        stage.lines(4);
        stage.slow();
        stage.awaitOver();
        worker.submit(() -> {
                    copyLine(stage, copy, "copied 2");
                    copy.endCopy();
                    stage.end(field.get());
                    return null;
                })
                .get();
    }

    private static void copyLine(Stage stage, CopyIn copy, String line) throws SQLException {
        byte[] row = (stage.name + "\t" + line + "\n").getBytes(StandardCharsets.UTF_8);
        copy.writeToCopy(row, 0, row.length);
        copy.flushCopy();
    }

    /** It is in no transaction, and the thread that opened it has ended. Whoever waits for a connection will get one. */
    private static void sessionWhileItsPoolGrows(Stage stage) throws Exception {
        AtomicReference<Connection> session = new AtomicReference<>();
        Stage.inThread("opener", () -> {
                    session.set(stage.guarded.getConnection());
                    stage.write(session.get(), "opened");
                })
                .get();
        stage.nobodyWaitsForALock();
        stage.nothingToTell();
        stage.slow();
        stage.awaitOver();
        stage.write(session.get(), "closed");
        session.get().close();
    }

    /** The listener has no transaction, and its worker is idle; who works on what it heard has one. */
    private static void sessionThatListens(Stage stage) throws Exception {
        ExecutorService ear = stage.executor();
        Connection listening = ear.submit(() -> {
                    Connection connection = stage.guarded.getConnection();
                    try (Statement statement = connection.createStatement()) {
                        statement.execute("LISTEN orders");
                    }
                    return connection;
                })
                .get();
        Connection working = stage.begin();
        stage.slow();
        stage.awaitOver();
        ear.submit(() -> {
                    stage.notifyFromOutside("orders");
                    PGConnection driver = listening.unwrap(PGConnection.class);
                    PGNotification[] heard =
                            driver.getNotifications((int) Duration.ofSeconds(30).toMillis());
                    assertThat(heard).hasSize(1);
                    listening.close();
                    return null;
                })
                .get();
        stage.end(working);
    }
}
