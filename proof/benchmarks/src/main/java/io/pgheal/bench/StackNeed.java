package io.pgheal.bench;

import io.pgheal.bench.Contender.Opened;
import io.pgheal.bench.Contender.Target;
import io.pgheal.track.StackReserve;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How much stack a call needs: the least that has to be left where it begins, for it to end without an overflow. What is
 * left is known exactly, because a thread goes down in frames of a known size: to its end once, and then again to so many
 * frames before it.
 *
 * <p>Three states of the code: each call is the first of its kind in a JVM of its own, so that classes have to be found
 * and initialized; everything is interpreted; everything is compiled.
 */
public final class StackNeed {
    private static final int KB = 1024;
    private static final int MOST = 96 * KB;
    private static final int STACK = 3 * MOST;
    private static final int SEARCHES = 3;
    private static final int OVERFLOW = 3;
    /** An overflow in the driver may leave the call to wait for an answer that never comes. */
    private static final int LONGEST_MILLIS = 5000;

    private static final int WARM_UP_CALLS = 8000;
    private static final long WARM_UP_NANOS = 3_000_000_000L;

    private StackNeed() {}

    /** What is called. The subjects differ in what lies between the application and the driver. */
    enum Subject {
        PGJDBC("pgjdbc alone", Contender.PGJDBC),
        HIKARI("HikariCP", Contender.HIKARI),
        /** What its own frames take, and the driver's. */
        PGHEAL_WITHOUT_RESERVE("pgheal, its reserve taken out", Contender.PGHEAL),
        PGHEAL("pgheal", Contender.PGHEAL);

        final String title;
        final Contender contender;

        Subject(String title, Contender contender) {
            this.title = title;
            this.contender = contender;
        }
    }

    /** The state of the code. */
    enum State {
        FIRST("the first call of its kind"),
        INTERPRETED("later calls, interpreted (`-Xint`)"),
        COMPILED("later calls, compiled");

        final String title;

        State(String title) {
            this.title = title;
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("child")) {
            child(arguments);
            return;
        }
        Report report = new Report(
                "stack",
                "bytes of stack that a call needs; pools are HikariCP; medians of " + SEARCHES
                        + " searches; of first calls one, in steps of 1 KB");
        try (Server server = Server.start(Map.of("max_connections", "500"))) {
            report.on(server);
            server.execute("CREATE TABLE stack_need (id int PRIMARY KEY)");
            server.execute("INSERT INTO stack_need VALUES (1)");
            server.execute("CREATE TABLE stack_notes (id int)"); // no key: nobody waits for what an overflow left open
            server.execute("GRANT ALL ON stack_need, stack_notes TO " + Server.USER);
            for (State state : arguments.length > 0 ? new State[] {State.valueOf(arguments[0])} : State.values()) {
                table(report, state, server.url(), Arrays.asList(arguments));
            }
        }
        report.end();
    }

    /** @param named behind the state, the calls whose first times are looked at; all where none is named */
    private static void table(Report report, State state, String url, List<String> named) throws Exception {
        report.table(Stream.concat(
                        Stream.of(state.title), Arrays.stream(Subject.values()).map(each -> each.title))
                .toArray(String[]::new));
        Map<Subject, Map<Call, Integer>> later = new EnumMap<>(Subject.class);
        if (state != State.FIRST) {
            for (Subject subject : Subject.values()) {
                later.put(subject, later(state, subject, url));
            }
        }
        for (Call call : Call.values()) {
            if (state != State.FIRST) {
                row(
                        report,
                        call,
                        later.values().stream().map(each -> each.get(call)).toList());
            } else if (call != Call.NOTHING
                    && call != Call.RESERVE
                    && (named.size() < 2 || named.contains(call.name()))) {
                row(report, call, first(url, call));
            }
        }
    }

    private static void row(Report report, Call call, List<@Nullable Integer> needed) {
        report.row(Stream.concat(
                        Stream.of(call.title), needed.stream().map(each -> each == null ? "" : each.toString()))
                .toArray(String[]::new));
    }

    // ---- the JVM that leads

    private static Map<Call, Integer> later(State state, Subject subject, String url) throws Exception {
        Process process = start(state, subject, url);
        Map<Call, Integer> found = new EnumMap<>(Call.class);
        for (String line : new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .filter(each -> each.startsWith("> "))
                .toList()) {
            String[] parts = line.split(" ", -1);
            found.put(Call.valueOf(parts[1]), Integer.parseInt(parts[2]));
        }
        if (process.waitFor() != 0) {
            throw new IllegalStateException(subject + " ended with " + process.exitValue());
        }
        return found;
    }

    /** Each trial in a JVM of its own: what an overflow interrupts for the first time may be broken for good. */
    private static List<@Nullable Integer> first(String url, Call call) throws Exception {
        ExecutorService workers =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            List<Future<Integer>> all = new ArrayList<>();
            for (Subject subject : Subject.values()) {
                all.add(workers.submit(() -> least(KB, left -> {
                    Process process = start(State.FIRST, subject, url, call.name(), Integer.toString(left));
                    process.getInputStream().readAllBytes();
                    int end = process.waitFor();
                    if (end != 0 && end != OVERFLOW) {
                        throw new IllegalStateException(subject + " ended with " + end);
                    }
                    return end == 0;
                })));
            }
            List<@Nullable Integer> needed = new ArrayList<>();
            for (Future<Integer> each : all) {
                needed.add(each.get());
            }
            return needed;
        } finally {
            workers.shutdownNow();
        }
    }

    private static Process start(State state, Subject subject, String url, String... more) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx256m");
        command.add("-XX:+UseSerialGC");
        // The frames that measure have to stay as large as they are.
        command.add("-XX:CompileCommand=quiet");
        command.add("-XX:CompileCommand=exclude," + Descent.class.getName() + "::*");
        if (state == State.INTERPRETED) {
            command.add("-Xint");
        }
        Collections.addAll(command, "-cp", System.getProperty("java.class.path"), StackNeed.class.getName());
        Collections.addAll(command, "child", state.name(), subject.name(), url);
        Collections.addAll(command, more);
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    // ---- the JVM that is measured

    private static void child(String[] arguments) throws Exception {
        State state = State.valueOf(arguments[1]);
        Subject subject = Subject.valueOf(arguments[2]);
        if (subject == Subject.PGHEAL_WITHOUT_RESERVE) {
            StackReserve.remove();
        }
        Work work = new Work(subject, arguments[3]);
        boolean whole = true;
        if (state == State.FIRST) {
            fails(work, Call.NOTHING, MOST); // the frames that measure are no news any more
            whole = !fails(work, Call.valueOf(arguments[4]), Integer.parseInt(arguments[5]));
        } else {
            later(state, work);
        }
        Runtime.getRuntime().halt(whole ? 0 : OVERFLOW); // a pool that an overflow broke may not even close
    }

    private static void later(State state, Work work) throws Exception {
        for (Call call : Call.values()) {
            warmUp(work, call, state == State.INTERPRETED ? 20 : WARM_UP_CALLS);
        }
        for (Call call : Call.values()) {
            List<Double> needed = new ArrayList<>();
            for (int i = 0; i < SEARCHES; i++) {
                warmUp(work, call, state == State.INTERPRETED ? 1 : WARM_UP_CALLS / 8);
                needed.add((double) least(64, left -> {
                    boolean fails = fails(work, call, left);
                    if (fails) {
                        work.renew();
                    }
                    return !fails;
                }));
            }
            System.out.println("> " + call + " " + Math.round(Samples.of(needed).median()));
        }
    }

    private static void warmUp(Work work, Call call, int times) throws Exception {
        long begun = System.nanoTime();
        for (int i = 0; i < times && System.nanoTime() - begun < WARM_UP_NANOS; i++) {
            work.prepare(call.after);
            work.run(call);
            work.after();
        }
    }

    /** Whether the call succeeds with so much stack left. */
    private interface Trial {
        boolean succeeds(int left) throws Exception;
    }

    private static int least(int step, Trial trial) throws Exception {
        int tooLittle = 0;
        int enough = MOST;
        while (enough - tooLittle > step) {
            int middle = (tooLittle + enough) / 2;
            if (trial.succeeds(middle)) {
                enough = middle;
            } else {
                tooLittle = middle;
            }
        }
        if (enough == MOST) {
            throw new IllegalStateException("needs more than " + MOST + " bytes, or fails for another reason");
        }
        return enough;
    }

    /** On a thread of its own, because an overflow may damage what the JDK keeps for the thread. */
    private static boolean fails(Work work, Call call, int left) throws Exception {
        work.thrown = null;
        Thread thread = new Thread(null, () -> trial(work, call, left), "stack need", STACK);
        thread.setDaemon(true);
        thread.start();
        thread.join(LONGEST_MILLIS);
        return work.thrown != null || thread.isAlive();
    }

    private static void trial(Work work, Call call, int left) {
        Descent descent = new Descent(work, call);
        boolean prepared = false;
        try {
            work.prepare(call.after);
            prepared = true;
            descent.to(left);
            work.after();
        } catch (Throwable t) {
            if (!prepared) {
                t.printStackTrace();
                Runtime.getRuntime().halt(4);
            }
            work.thrown = t;
        }
    }

    /** Goes down a stack in frames of the same size. Never compiled. */
    static final class Descent {
        private static final int LARGE = 8 * KB * KB;

        /** The size of a frame of {@link #down}. */
        private static final double frame = measured();

        private final @Nullable Work work;
        private final Call call;
        private int depth;

        Descent(@Nullable Work work, Call call) {
            this.work = work;
            this.call = call;
        }

        /** Makes the call where so many bytes of stack are left. */
        void to(int left) throws Exception {
            fathom();
            int target = depth - (int) (left / frame);
            depth = 0;
            down(target, work);
        }

        /**
         * From two stacks so large that no ended thread has left one behind: the C library gives a new thread the stack of
         * an ended one, of up to four times the size that it was asked for.
         */
        private static double measured() {
            int less = bottom(LARGE);
            return 2.0 * LARGE / (bottom(3 * LARGE) - less);
        }

        private static int bottom(int stack) {
            Descent descent = new Descent(null, Call.NOTHING);
            Thread thread = new Thread(null, descent::fathom, "fathom", stack);
            thread.start();
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return descent.depth;
        }

        private void fathom() {
            try {
                depth = 0;
                down(Integer.MAX_VALUE, null);
            } catch (Throwable end) {
                if (!(end instanceof StackOverflowError)) {
                    throw new IllegalStateException(end);
                }
            }
        }

        private void down(int target, @Nullable Work there) throws Exception {
            if (depth == target) {
                Objects.requireNonNull(there).run(call);
                return;
            }
            depth++;
            down(target, there);
        }
    }

    /** How far a transaction has come when the call is made. */
    enum After {
        BEGINNING,
        SWITCHED_ON,
        BORROWED,
        PREPARED,
        EXECUTED,
        READ,
        DONE
    }

    /** What is called. */
    enum Call {
        NOTHING(After.BEGINNING, "nothing") {
            @Override
            void run(Work work) {}
        },
        RESERVE(After.BEGINNING, "pgheal's reserve by itself") {
            @Override
            void run(Work work) {
                StackReserve.touch();
            }
        },
        GET_CONNECTION(After.BEGINNING, "`getConnection`") {
            @Override
            void run(Work work) throws SQLException {
                work.connection = work.opened.dataSource().getConnection();
            }
        },
        PREPARE(After.BORROWED, "`prepareStatement`") {
            @Override
            void run(Work work) throws SQLException {
                work.select = work.connection().prepareStatement(Work.QUERY);
            }
        },
        EXECUTE_QUERY(After.PREPARED, "`executeQuery`") {
            @Override
            void run(Work work) throws SQLException {
                work.rows = work.select().executeQuery();
            }
        },
        NEXT(After.EXECUTED, "`next`") {
            @Override
            void run(Work work) throws SQLException {
                work.right(work.rows().next());
            }
        },
        GET_STRING(After.READ, "`getString`") {
            @Override
            void run(Work work) throws SQLException {
                work.right(work.rows().getString(1) != null);
            }
        },
        COMMIT(After.READ, "`commit`") {
            @Override
            void run(Work work) throws SQLException {
                work.connection().commit();
            }
        },
        RELEASE(After.READ, "`close` of the rows and of their statement") {
            @Override
            void run(Work work) throws SQLException {
                work.rows().close();
                work.select().close();
            }
        },
        SWITCH(After.SWITCHED_ON, "`setAutoCommit(false)`") {
            @Override
            void run(Work work) throws SQLException {
                work.connection().setAutoCommit(false);
            }
        },
        CLOSE(After.DONE, "`close` of the connection") {
            @Override
            void run(Work work) throws SQLException {
                work.connection().close();
            }
        },
        TRANSACTION(After.BEGINNING, "all of these") {
            @Override
            void run(Work work) throws SQLException {
                try (Connection connection = work.opened.dataSource().getConnection()) {
                    connection.setAutoCommit(false);
                    try (PreparedStatement select = connection.prepareStatement(Work.QUERY)) {
                        select.setString(1, "user1");
                        try (ResultSet rows = select.executeQuery()) {
                            work.right(rows.next() && rows.getString(1) != null);
                        }
                    }
                    connection.commit();
                }
            }
        },
        REFUSED(After.BORROWED, "`executeUpdate` that the server refuses") {
            @Override
            void run(Work work) throws SQLException {
                try {
                    work.connection().createStatement().executeUpdate("INSERT INTO stack_need VALUES (1)");
                    work.right(false);
                } catch (SQLException e) {
                    if (!"23505".equals(e.getSQLState())) {
                        throw e;
                    }
                }
            }
        },
        BATCH(After.BORROWED, "`executeBatch`") {
            @Override
            void run(Work work) throws SQLException {
                try (PreparedStatement insert =
                        work.connection().prepareStatement("INSERT INTO stack_notes VALUES (?)")) {
                    for (int i = 2; i < 20; i++) {
                        insert.setInt(1, i);
                        insert.addBatch();
                    }
                    work.right(insert.executeBatch().length == 18);
                }
            }
        },
        METADATA(After.BORROWED, "`DatabaseMetaData.getTables`") {
            @Override
            void run(Work work) throws SQLException {
                try (ResultSet tables = work.connection().getMetaData().getTables(null, null, "users", null)) {
                    work.right(tables.next());
                }
            }
        },
        ARRAY(After.BORROWED, "`getArray`, and its elements") {
            @Override
            void run(Work work) throws SQLException {
                try (Statement statement = work.connection().createStatement();
                        ResultSet rows = statement.executeQuery("SELECT '{a,b}'::text[]")) {
                    work.right(rows.next() && ((Object[]) rows.getArray(1).getArray()).length == 2);
                }
            }
        };

        final After after;
        final String title;

        Call(After after, String title) {
            this.after = after;
            this.title = title;
        }

        abstract void run(Work work) throws SQLException;
    }

    /** A transaction, ready for a call. */
    static final class Work {
        static final String QUERY = "SELECT password_hash FROM users WHERE username = ?";

        private final Subject subject;
        private final Target target;
        Opened opened;

        @Nullable
        Connection connection;

        @Nullable
        PreparedStatement select;

        @Nullable
        ResultSet rows;

        @Nullable
        volatile Throwable thrown;

        Work(Subject subject, String url) throws Exception {
            this.subject = subject;
            this.target = new Target(url, Server.USER, Server.USER, 2);
            this.opened = subject.contender.open(target);
        }

        /** Does what comes before the call. */
        void prepare(After after) throws SQLException {
            if (after == After.BEGINNING) {
                return;
            }
            Connection borrowed = opened.dataSource().getConnection();
            connection = borrowed;
            if (after == After.SWITCHED_ON) {
                return;
            }
            borrowed.setAutoCommit(false);
            if (after == After.BORROWED) {
                return;
            }
            PreparedStatement prepared = borrowed.prepareStatement(QUERY);
            select = prepared;
            prepared.setString(1, "user1");
            if (after == After.PREPARED) {
                return;
            }
            ResultSet found = prepared.executeQuery();
            rows = found;
            if (after == After.EXECUTED) {
                return;
            }
            right(found.next());
            if (after == After.DONE) {
                prepared.close();
                borrowed.commit();
            }
        }

        void run(Call call) throws SQLException {
            call.run(this);
        }

        /** Leaves nothing behind. */
        void after() throws SQLException {
            Connection borrowed = connection;
            connection = null;
            select = null;
            rows = null;
            if (borrowed != null && !borrowed.isClosed()) {
                if (!borrowed.getAutoCommit()) {
                    borrowed.rollback();
                }
                borrowed.close();
            }
        }

        /** After an overflow nobody knows what is left of a connection, or of a pool. */
        void renew() throws Exception {
            Opened old = opened;
            Thread closing = new Thread(() -> {
                try {
                    old.close();
                } catch (Exception | Error e) {
                    // the overflow may have broken it
                }
            });
            closing.setDaemon(true);
            closing.start();
            connection = null;
            opened = subject.contender.open(target);
            prepare(After.DONE);
            after();
        }

        Connection connection() {
            return Objects.requireNonNull(connection);
        }

        PreparedStatement select() {
            return Objects.requireNonNull(select);
        }

        ResultSet rows() {
            return Objects.requireNonNull(rows);
        }

        void right(boolean answer) {
            if (!answer) {
                throw new IllegalStateException("a wrong answer");
            }
        }
    }
}
