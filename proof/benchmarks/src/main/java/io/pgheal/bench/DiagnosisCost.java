package io.pgheal.bench;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.ControlConnection;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.postgres.TableName;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** What each of pgheal's questions costs on a server with many sessions and many locks. */
public final class DiagnosisCost {
    private static final int LOCKS_EACH = 100;
    private static final int HEALS = 10;
    private static final int ASKED = 50;

    /** Until the server stops. */
    private static final List<Connection> HELD = new ArrayList<>();

    private interface Asked {
        Object ask() throws SQLException;
    }

    private record Question(String title, Asked asked) {}

    private DiagnosisCost() {}

    public static void main(String[] arguments) throws Exception {
        int sessions = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1000;
        Report report = new Report(
                "diagnosis",
                "%d sessions with %d locks each, 20 sessions that wait, each question asked %d times"
                        .formatted(sessions, LOCKS_EACH, ASKED));
        try (Server server = Server.start(Map.of(
                        "max_connections",
                        Integer.toString(sessions + 60),
                        "max_locks_per_transaction",
                        "256",
                        "shared_buffers",
                        "64MB"));
                ControlConnection control =
                        new ControlConnection(ControlSettings.of(server.url(), Server.USER, () -> Server.USER))) {
            report.on(server);
            control.connect();
            Connection culprit = Row.lock(server.connect("culprit"), "user1");
            HELD.add(culprit);
            for (int i = 0; i < 20; i++) {
                HELD.add(waiter(server));
            }
            Server.awaitWaiting(server.connect("observer"), 20);
            Backend holder = control.backend(pid(culprit)).orElseThrow();
            List<Question> questions = questions(control, holder);
            List<Samples> quiet = ask(questions);
            for (int i = 0; i < sessions; i++) {
                HELD.add(withLocks(server, i));
            }
            List<Samples> loaded = ask(questions);
            report.table("question; ms", "no load", "longest", "with all sessions and locks", "longest");
            for (int i = 0; i < questions.size(); i++) {
                report.row(
                        questions.get(i).title(),
                        ms(quiet.get(i).median()),
                        ms(quiet.get(i).max()),
                        ms(loaded.get(i).median()),
                        ms(loaded.get(i).max()));
            }
            Samples heals = heals(server);
            report.note(
                    "%d heals in this load, from the end of the scope until the next login had the row: median %s ms, longest %s ms."
                            .formatted(HEALS, ms(heals.median()), ms(heals.max())));
            report.end();
        }
    }

    private static String ms(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private static List<Question> questions(ControlConnection control, Backend holder) {
        BackendId id = Objects.requireNonNull(holder.id());
        return List.of(
                new Question("does anybody wait for this suspect?", () -> control.inTheWay(List.of(id.pid()))),
                new Question("is this backend still there?", () -> control.backends(List.of(id.pid()))),
                new Question("what does this backend do? (a certain heal waits for it)", () -> control.moment(id)),
                new Question("whom do our slow statements wait for? (no locks read)", () -> control.blockingTree(null)),
                new Question("the same with tables and modes (for a report)", () -> control.fullBlockingTree(null)),
                new Question("the story of one backend (for a report)", () -> control.story(id)),
                new Question(
                        "who holds and wants this table? (an operator)",
                        () -> control.locksOn(TableName.parse("user_login_info"))));
    }

    private static List<Samples> ask(List<Question> questions) throws SQLException {
        List<Samples> all = new ArrayList<>();
        for (Question question : questions) {
            List<Double> taken = new ArrayList<>();
            for (int i = -5; i < ASKED; i++) {
                long begun = System.nanoTime();
                Objects.requireNonNull(question.asked().ask());
                if (i >= 0) {
                    taken.add((System.nanoTime() - begun) / 1e6);
                }
            }
            all.add(Samples.of(taken));
        }
        return all;
    }

    private static int pid(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static Connection waiter(Server server) throws SQLException {
        Connection connection = server.connect("waiter");
        Thread thread = new Thread(() -> {
            try {
                Row.update(connection, "user1");
            } catch (SQLException end) {
                // the server is stopped while it waits
            }
        });
        thread.setDaemon(true);
        thread.start();
        return connection;
    }

    private static Connection withLocks(Server server, int number) throws SQLException {
        Connection connection = server.connect("other");
        connection.setAutoCommit(false);
        try (PreparedStatement take =
                connection.prepareStatement("SELECT pg_advisory_xact_lock(n) FROM generate_series(?::int, ?::int) n")) {
            take.setInt(1, number * LOCKS_EACH);
            take.setInt(2, (number + 1) * LOCKS_EACH - 1);
            take.execute();
        }
        return connection;
    }

    private static Samples heals(Server server) throws Exception {
        List<Double> taken = new ArrayList<>();
        try (HikariDataSource pool = new HikariDataSource(server.pool(2));
                SelfHealingDataSource guarded =
                        SelfHealingDataSource.builder(pool).build();
                Connection next = server.connect("next")) {
            while (!guarded.healer().connected()) {
                Thread.sleep(5);
            }
            for (int i = 0; i < HEALS; i++) {
                Connection leaked;
                try (var scope = guarded.scope("trial")) {
                    leaked = Row.lock(guarded.getConnection(), "user2");
                }
                long lost = System.nanoTime();
                Row.update(next, "user2");
                taken.add((System.nanoTime() - lost) / 1e6);
                leaked.close();
                while (guarded.incidents().size() <= i) { // the heal is over once its end was seen and told
                    Thread.sleep(5);
                }
            }
        }
        return Samples.of(taken);
    }
}
