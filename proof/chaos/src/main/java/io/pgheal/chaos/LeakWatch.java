package io.pgheal.chaos;

import io.pgheal.chaos.Disturbances.Kind;
import io.pgheal.chaos.Leak.Session;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the server, by a connection of its own past the proxy, until each leaked transaction is gone. What pgheal says
 * of itself does not count here. Thread-safe.
 */
final class LeakWatch {
    private static final Duration LOOKS_APART = Duration.ofMillis(20);

    private static final Duration STARVED = Duration.ofMillis(700);

    /** What a round takes beyond its pause while the machine has time for us. */
    private static final Duration USUAL = Duration.ofMillis(10);

    /** However bad the weather was. */
    private static final Duration LONGEST_EXCUSE = Duration.ofSeconds(90);

    private final PostgresServer server;
    private final Disturbances disturbances;
    private final Tally tally;
    private final Times times;
    private final Function<Session, String> picture;
    private final List<Leak> open = new CopyOnWriteArrayList<>();
    private final Duration slack;
    private volatile long lateness;
    private volatile boolean stopped;

    /**
     * A watch that is to be run by a thread of its own.
     *
     * @param picture what pgheal knows of a session, for the journal, when a leak is overdue
     * @param slack beside the promised time, on a machine that has time for us
     */
    LeakWatch(
            PostgresServer server,
            Disturbances disturbances,
            Tally tally,
            Times times,
            Function<Session, String> picture,
            Duration slack) {
        this.server = server;
        this.disturbances = disturbances;
        this.tally = tally;
        this.times = times;
        this.picture = picture;
        this.slack = slack;
    }

    /** What the connection's own backend says of itself. */
    static Session session(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet self = statement.executeQuery("SELECT pid, backend_start::text, xact_start::text"
                        + " FROM pg_stat_activity WHERE pid = pg_backend_pid()")) {
            if (!self.next()) {
                throw new WrongAnswer("no row for the own backend");
            }
            return new Session(
                    self.getInt(1),
                    self.getString(2),
                    connection.getAutoCommit() ? null : Objects.requireNonNull(self.getString(3), "xact_start"));
        }
    }

    void add(Leak leak) {
        tally.count("leak." + leak.kind);
        tally.note("leaked " + leak);
        leak.lateness = lateness;
        open.add(leak);
    }

    int open() {
        return open.size();
    }

    /** How late its looks have been so far, in nanoseconds. */
    long lateness() {
        return lateness;
    }

    void stop() {
        stopped = true;
    }

    void run() {
        while (!stopped) {
            try (Connection connection = server.adminConnection()) {
                while (!stopped) {
                    long began = System.nanoTime();
                    look(connection);
                    pause();
                    lateBy(System.nanoTime() - began - LOOKS_APART.toNanos() - USUAL.toNanos());
                }
            } catch (SQLException e) {
                Threads.pause(Duration.ofMillis(100)); // it is being restarted
            }
        }
    }

    /** Healing starts its clocks anew after it had no processor for a while, and so do the bounds. */
    private void pause() {
        long began = System.nanoTime();
        Threads.pause(LOOKS_APART);
        if (System.nanoTime() - began > STARVED.toNanos()) {
            tally.count("starved");
            disturbances.begin(Kind.STARVED).close();
        }
    }

    /** How busy the machine is: everybody else is as late as the watch. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // only the watch's own thread writes
    private void lateBy(long nanos) {
        if (nanos > 0) {
            lateness += nanos;
        }
    }

    private void look(Connection connection) throws SQLException {
        if (open.isEmpty()) {
            return;
        }
        List<Leak> asked = List.copyOf(open);
        Map<Integer, Session> there = sessions(
                connection, asked.stream().map(leak -> leak.session.pid()).toList());
        long now = System.nanoTime();
        for (Leak leak : asked) {
            if (isGone(leak.session, there.get(leak.session.pid()))) {
                open.remove(leak);
                gone(leak, now);
            } else if (!leak.overdue && now - deadline(leak) > 0) {
                leak.overdue = true;
                tally.violated(
                        Invariant.LEAK_NOT_HEALED,
                        leak + " is still there after " + (now - leak.since) / 1_000_000 + " ms, "
                                + leak.bound.toMillis()
                                + " ms were promised, and the watch was late by "
                                + (lateness - leak.lateness) / 1_000_000 + " ms; "
                                + picture.apply(leak.session));
            }
        }
    }

    /** By a look of its own; false as long as the server cannot be asked. */
    static boolean isSeenGone(PostgresServer server, Session session) {
        try (Connection connection = server.adminConnection()) {
            return isGone(session, sessions(connection, List.of(session.pid())).get(session.pid()));
        } catch (SQLException e) {
            return false;
        }
    }

    private static Map<Integer, Session> sessions(Connection connection, List<Integer> pids) throws SQLException {
        Map<Integer, Session> there = new HashMap<>();
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT pid, backend_start::text, xact_start::text" + " FROM pg_stat_activity WHERE pid = ANY (?)")) {
            select.setArray(1, connection.createArrayOf("int4", pids.toArray()));
            try (ResultSet found = select.executeQuery()) {
                while (found.next()) {
                    there.put(found.getInt(1), new Session(found.getInt(1), found.getString(2), found.getString(3)));
                }
            }
        }
        return there;
    }

    private static boolean isGone(Session leaked, @Nullable Session now) {
        return now == null
                || !leaked.backendStart().equals(now.backendStart())
                || (leaked.xactStart() != null && !leaked.xactStart().equals(now.xactStart()));
    }

    private void gone(Leak leak, long now) {
        Duration took = Duration.ofNanos(now - leak.since);
        boolean disturbed = disturbances.hindered(leak.session.pid(), leak.since)
                || disturbances.mayHaveBroken(leak.session.pid(), leak.since);
        times.add((disturbed ? "in bad weather" : leak.measure()), took);
        times.add("all together", took);
        tally.count("gone." + leak.kind);
        tally.note("gone " + leak + " after " + took.toMillis() + " ms" + (disturbed ? " in bad weather" : ""));
        leak.end();
    }

    private long deadline(Leak leak) {
        Duration bound = leak.bound.plus(slack).plusNanos(leak.kind.proof.steps() * (lateness - leak.lateness));
        long latest = leak.since + bound.toNanos() + LONGEST_EXCUSE.toNanos();
        long due = disturbances.due(leak.session.pid(), leak.since, bound, leak.kind.proof.countsTime());
        return due - latest > 0 ? latest : due;
    }

    /** The end: nobody is left who could heal them later. */
    void finish() {
        if (open() > 0) {
            tally.violated(Invariant.LEAK_NOT_HEALED, open() + " at the end: " + open);
        }
    }
}
