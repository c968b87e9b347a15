package io.pgheal.chaos;

import io.pgheal.postgres.ControlSettings;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Looks at the server, past the proxy, whether pgheal keeps to one connection of its own: while it reconnects there may
 * be two, but not for long. Thread-safe.
 */
final class HealersSessions {
    private static final Duration LOOKS_APART = Duration.ofMillis(250);

    private final PostgresServer server;
    private final Disturbances disturbances;
    private final Tally tally;
    private final Duration tolerated;
    private volatile boolean stopped;

    // Of the thread that runs it.
    private long tooManySince;
    private boolean told;

    HealersSessions(PostgresServer server, Disturbances disturbances, Tally tally, Duration tolerated) {
        this.server = server;
        this.disturbances = disturbances;
        this.tally = tally;
        this.tolerated = tolerated;
    }

    void run() {
        while (!stopped) {
            try (Connection connection = server.adminConnection()) {
                while (!stopped) {
                    judge(Remains.sessions(connection, ControlSettings.APPLICATION_NAME));
                    Threads.await(() -> stopped, LOOKS_APART);
                }
            } catch (SQLException e) {
                tooManySince = 0; // it is being restarted: nobody has a session there
                Threads.pause(LOOKS_APART);
            }
        }
    }

    private void judge(int sessions) {
        long now = System.nanoTime();
        if (sessions <= 1) {
            tooManySince = 0;
            told = false;
        } else if (tooManySince == 0) {
            tooManySince = now;
        } else if (!told && now - disturbances.due(0, tooManySince, tolerated, false) > 0) {
            told = true;
            tally.violated(
                    Invariant.CONNECTION_LEFT,
                    sessions + " sessions of pgheal's own for " + (now - tooManySince) / 1_000_000 + " ms");
        }
    }

    void stop() {
        stopped = true;
    }
}
