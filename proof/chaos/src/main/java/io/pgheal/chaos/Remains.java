package io.pgheal.chaos;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.report.HealerState;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What is left when everybody has gone home, and how the healer is then. */
final class Remains {
    private final Tally tally;

    Remains(Tally tally) {
        this.tally = tally;
    }

    /** Of the bank, and of the adversary. */
    void threads(List<Thread> alive) {
        for (Thread thread : alive) {
            Throwable where = new Throwable("where it is");
            where.setStackTrace(thread.getStackTrace());
            tally.violated(Invariant.THREAD_LEFT, thread.getName(), where);
        }
    }

    /** Of pgheal, after it was closed. */
    void healersThreads(String prefix, Duration atMost) {
        Threads.await(() -> named(prefix).isEmpty(), atMost);
        named(prefix).forEach(name -> tally.violated(Invariant.THREAD_LEFT, name));
    }

    private static List<String> named(String prefix) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith(prefix))
                .toList();
    }

    void leases(SelfHealingDataSource guarded) {
        int leases = guarded.healer().leases();
        if (leases > 0) {
            tally.violated(Invariant.LEASE_LEFT, leases + ": " + guarded.leases());
        }
    }

    /** Of the pool: slots that did not come back, and sessions that are in no slot. */
    void connections(HikariDataSource pool, PostgresServer server, Duration atMost) {
        HikariPoolMXBean slots = pool.getHikariPoolMXBean();
        if (!Threads.await(() -> slots.getActiveConnections() == 0, atMost)) {
            tally.violated(Invariant.CONNECTION_LEFT, slots.getActiveConnections() + " of the pool are lent");
        }
        // Not judged by a look of its own afterwards: the pool may just be opening one.
        if (!Threads.await(() -> sessions(server, SoakRun.APPLICATION) <= slots.getTotalConnections(), atMost)) {
            tally.violated(
                    Invariant.CONNECTION_LEFT,
                    sessions(server, SoakRun.APPLICATION) + " sessions on the server, " + slots.getTotalConnections()
                            + " in the pool");
        }
    }

    /** Of pgheal, after it was closed. */
    void healersSessions(PostgresServer server, Duration atMost) {
        Threads.await(() -> sessions(server, ControlSettings.APPLICATION_NAME) == 0, atMost);
        int sessions = sessions(server, ControlSettings.APPLICATION_NAME);
        if (sessions > 0) {
            tally.violated(Invariant.CONNECTION_LEFT, sessions + " sessions of pgheal's own after it was closed");
        }
    }

    /** {@link Integer#MAX_VALUE} if the server cannot be asked. */
    static int sessions(PostgresServer server, String application) {
        try (Connection connection = server.adminConnection()) {
            return sessions(connection, application);
        } catch (SQLException e) {
            return Integer.MAX_VALUE;
        }
    }

    static int sessions(Connection connection, String application) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT count(*) FROM pg_stat_activity WHERE application_name = ?")) {
            select.setString(1, application);
            try (ResultSet found = select.executeQuery()) {
                found.next();
                return found.getInt(1);
            }
        }
    }

    /** Returns how it is, for the report. */
    String healer(SelfHealingDataSource guarded, Duration atMost) {
        Threads.await(() -> complaints(guarded.healer()).isEmpty(), atMost);
        HealerState state = guarded.healer();
        List<String> complaints = complaints(state);
        if (!complaints.isEmpty()) {
            tally.violated(Invariant.HEALER_LOST, String.join("; ", complaints) + ": " + state);
        }
        return state.toString();
    }

    static List<String> complaints(HealerState state) {
        List<String> complaints = new ArrayList<>();
        if (state.mode() != HealingMode.HEAL) {
            complaints.add("its mode is " + state.mode());
        }
        if (!state.connected()) {
            complaints.add("it is not connected");
        }
        if (!state.trouble().isEmpty()) {
            complaints.add("it is in trouble: " + state.trouble());
        }
        if (state.breakerOpen()) {
            complaints.add("its breaker is open");
        }
        if (state.lostEvents() > 0) {
            complaints.add("it lost events");
        }
        return complaints;
    }
}
