package io.pgheal.postgres;

import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.postgresql.PGConnection;

/** A client's session in a test: statements run here and now, or on a thread of its own when they are to wait. */
final class Session implements AutoCloseable {
    private final Connection connection;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(task -> {
        Thread daemon = new Thread(task, "session");
        daemon.setDaemon(true);
        return daemon;
    });

    Session(Connection connection) throws SQLException {
        this.connection = connection;
        connection.setAutoCommit(false);
    }

    static Session of(PostgresServer server) throws SQLException {
        return new Session(server.connection());
    }

    int pid() throws SQLException {
        return connection.unwrap(PGConnection.class).getBackendPID();
    }

    Connection connection() {
        return connection;
    }

    Session run(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
        return this;
    }

    String query(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    Session autoCommit() throws SQLException {
        connection.setAutoCommit(true);
        return this;
    }

    CompletableFuture<Void> start(String sql) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        run(sql);
                    } catch (SQLException e) {
                        throw new CompletionException(e);
                    }
                },
                thread);
    }

    /** Starts a statement and returns once the server says that it waits for a lock. */
    CompletableFuture<Void> startAndWait(String sql, ControlConnection control) throws SQLException {
        CompletableFuture<Void> running = start(sql);
        int pid = pid();
        await("waits for a lock: " + sql)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> control.backend(pid).orElseThrow().isWaitingForLock());
        return running;
    }

    @Override
    public void close() throws SQLException {
        connection.abort(Runnable::run); // what still waits would keep a polite close waiting
        thread.shutdownNow();
    }
}
