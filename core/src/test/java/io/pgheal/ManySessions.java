package io.pgheal;

import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A crowded server: many sessions that do nothing, and one that holds many locks. */
final class ManySessions implements AutoCloseable {
    private static final int OPENED_AT_ONCE = 16;

    private final List<Connection> sessions = new ArrayList<>();

    ManySessions(PostgresServer server, int number, int locks) throws Exception {
        ExecutorService openers = Executors.newFixedThreadPool(OPENED_AT_ONCE);
        try {
            List<Future<Connection>> opening = new ArrayList<>();
            for (int i = 0; i < number; i++) {
                opening.add(openers.submit(server::connection));
            }
            for (Future<Connection> each : opening) {
                sessions.add(each.get());
            }
        } finally {
            openers.shutdown();
        }
        try (Statement statement = sessions.get(0).createStatement()) {
            statement.execute("SELECT count(pg_advisory_lock(0, n)) FROM generate_series(1, " + locks + ") n");
        }
    }

    @Override
    public void close() throws SQLException {
        for (Connection session : sessions) {
            session.close();
        }
    }
}
