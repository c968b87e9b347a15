package io.pgheal.chaos;

import io.pgheal.chaos.Attempt.Stage;
import io.pgheal.chaos.Outcomes.Outcome;
import io.pgheal.track.HealingLease;
import io.pgheal.track.LeaseScope;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/** Work that takes long with rows locked and others waiting behind it, and must be left to end by itself. */
final class SlowButAlive {
    /** The readers behind the change hold nothing, but the bank is not to stand still for long. */
    private static final Duration LONGEST_BEFORE_DDL = Duration.ofSeconds(6);

    private final Ground ground;
    private final int number;
    private final int ofThem;

    /** Ways to be slow, and what tells each from a leak. */
    enum Kind {
        LONG_COMPUTATION,
        PARKED,
        LONG_STATEMENT,
        STREAMING_ROWS,
        /** Only the result set is kept, by nobody's thread; the collector runs meanwhile. */
        ONLY_A_RESULT_SET,
        /** Others want to lead, and wait for it or ask again and again. */
        ADVISORY_LEADER,
        /** The same by a lock of the session, in no transaction, between two tasks. */
        SESSION_LEADER,
        LISTENING,
        COPYING,
        /** Idle: a change of the table waits for it, and other readers wait for the change. */
        READER_BEFORE_DDL,
        /** In a queue, inside its task. */
        WAITING_IN_A_TASK,
        /** The borrower's task is over; another thread works on. */
        HANDED_OVER,
        /** The same, and the request that began it has failed meanwhile. */
        HANDED_OVER_BY_A_FAILED_REQUEST,
        /** Each task of a worker does one step, and rests in between; at the longest there is only the last one left. */
        IN_SEVERAL_TASKS,
        /** BEGIN in one request, COMMIT in another one; both end in order. */
        IN_TWO_REQUESTS,
        /** In a field; the thread that began it has ended. */
        IN_A_FIELD,
        /** The same with a lock that others follow: one waits for it, another asks again and again. */
        LEADER_WHOSE_THREAD_ENDED,
        /** The same in no transaction: only the state of the session is kept. */
        SESSION_IN_A_FIELD,
        /** A continuation in a queue. */
        SUSPENDED,
        /** The next stage of a future has not begun. */
        BETWEEN_TWO_STAGES,
        /** The borrower's task is over, a later one goes on; the application asked for the time. */
        EXTENDED,
        /** The same with the driver's own object in hand. */
        UNWRAPPED,
        /** Borrowed in an inner scope, used until the end of the outer one. */
        NESTED_SCOPE
    }

    /** One of several who take the kinds by turns. */
    SlowButAlive(Ground ground, int number, int ofThem) {
        this.ground = ground;
        this.number = number;
        this.ofThem = ofThem;
    }

    void run() throws Exception {
        Dice dice = ground.dice("slow-" + number);
        Deck<Kind> deck = new Deck<>(List.of(Kind.values()), ground.dice("slow"));
        deck.skip(number);
        while (!ground.isClosing()) {
            Dice act = dice.split();
            Kind kind = deck.draw();
            deck.skip(ofThem - 1);
            Duration time = duration(act);
            Integer own = ground.reserve();
            if (own != null) {
                try {
                    perform(kind, act, own, time);
                } finally {
                    ground.giveBack(own);
                }
            }
            ground.idle(act.millis(100, 2000));
        }
    }

    /** Most beyond the grace, some beyond the patience. */
    private static Duration duration(Dice dice) {
        int draw = dice.below(10);
        return draw < 6
                ? dice.millis(2_500, 6_000)
                : draw < 9 ? dice.millis(6_000, 14_000) : dice.millis(16_000, 25_000);
    }

    private void perform(Kind kind, Dice dice, int own, Duration time) throws Exception {
        ground.tally.note("slow but alive: " + kind + " for " + time.toMillis() + " ms");
        for (int i = dice.below(3); i > 0; i--) {
            Dice waiter = dice.split();
            Duration comes = waiter.millis(50, 1500);
            int timeout = waiter.oneOf(0, 0, 700, 4000);
            ground.threads.start("waiter", () -> {
                Threads.pause(comes);
                ground.work.insist("a waiter", own, 1 + waiter.below(Bank.COMMON), waiter, timeout);
            });
        }
        Transfer transfer = Transfer.draw(dice, ground.outcomes.next(), own, 1 + dice.below(Bank.COMMON))
                .plain();
        Outcome outcome = switch (kind) {
            case HANDED_OVER -> handOver(transfer, dice, time);
            case HANDED_OVER_BY_A_FAILED_REQUEST -> handOverAndFail(transfer, dice, time);
            case IN_TWO_REQUESTS -> inTwoRequests(transfer, dice, time);
            case IN_A_FIELD, LEADER_WHOSE_THREAD_ENDED, SESSION_IN_A_FIELD -> keepInField(kind, transfer, dice, time);
            case SUSPENDED -> suspend(transfer, dice, time);
            case BETWEEN_TWO_STAGES -> inStages(transfer, dice, time);
            case IN_SEVERAL_TASKS -> stepByStep(transfer, dice, time);
            case EXTENDED, UNWRAPPED -> comeBack(kind, transfer, dice, time);
            case WAITING_IN_A_TASK -> waitInTask(transfer, dice, time);
            case ONLY_A_RESULT_SET -> keepOnlyTheResultSet(transfer, dice, time);
            case SESSION_LEADER, LISTENING -> bindSession(kind, transfer, dice, time);
            case NESTED_SCOPE -> borrowInInnerScope(transfer, dice, time);
            default ->
                ground.work.attempt(
                        "slow " + kind, transfer, dice, 0, connection -> linger(kind, connection, dice, time));
        };
        ground.tally.count("slow." + kind + "." + outcome);
    }

    private void linger(Kind kind, Connection connection, Dice dice, Duration time) throws SQLException {
        switch (kind) {
            case LONG_COMPUTATION -> compute(time);
            case LONG_STATEMENT -> sleepOnTheServer(connection, time);
            case STREAMING_ROWS -> stream(connection, time);
            case ADVISORY_LEADER -> lead(connection, dice, time);
            case COPYING -> copy(connection, dice, time);
            case READER_BEFORE_DDL -> read(connection, dice, time);
            default -> Threads.pause(time);
        }
    }

    /** In bursts, so that the others get their share of the machine. */
    private static void compute(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        double sink = 1;
        while (System.nanoTime() - end < 0) {
            for (int i = 0; i < 100_000; i++) {
                sink = Math.sqrt(sink + i);
            }
            if (sink < 0) {
                return;
            }
            Threads.pause(Duration.ofMillis(10));
        }
    }

    static void sleepOnTheServer(Connection connection, Duration time) throws SQLException {
        try (PreparedStatement sleep = connection.prepareStatement("SELECT pg_sleep(? / 1000.0)")) {
            sleep.setLong(1, time.toMillis());
            sleep.execute();
        }
    }

    private static void stream(Connection connection, Duration time) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(5);
            try (ResultSet rows = statement.executeQuery("SELECT generate_series(1, 30)")) {
                while (rows.next()) {
                    Threads.pause(time.dividedBy(30));
                }
            }
        }
    }

    private void lead(Connection connection, Dice dice, Duration time) throws SQLException {
        long key = dice.token();
        advisory(connection, "SELECT true FROM pg_advisory_xact_lock(?)", key);
        follow(key, dice);
        Threads.pause(time);
    }

    private static boolean advisory(Connection connection, String sql, long key) throws SQLException {
        try (PreparedStatement lock = connection.prepareStatement(sql)) {
            lock.setLong(1, key);
            try (ResultSet answer = lock.executeQuery()) {
                if (!answer.next()) {
                    throw new WrongAnswer("no row for an advisory lock");
                }
                return answer.getBoolean(1);
            }
        }
    }

    /** Those who want to lead next: one waits for the advisory lock and for nothing else, another asks now and then. */
    private void follow(long key, Dice dice) {
        follow(key, dice.split(), "SELECT true FROM pg_advisory_xact_lock(?)");
        follow(key, dice.split(), "SELECT pg_try_advisory_xact_lock(?)");
    }

    private void follow(long key, Dice dice, String sql) {
        ground.threads.start(
                "follower", () -> ground.work.insist("a follower", dice, connection -> advisory(connection, sql, key)));
    }

    private static void copy(Connection connection, Dice dice, Duration time) throws SQLException {
        int rows = dice.between(10, 40);
        CopyIn copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY imports FROM STDIN");
        for (int i = 0; i < rows; i++) {
            byte[] row = (dice.token() + "\n").getBytes(StandardCharsets.US_ASCII);
            copy.writeToCopy(row, 0, row.length);
            copy.flushCopy();
            Threads.pause(time.dividedBy(rows));
        }
        long copied = copy.endCopy();
        if (copied != rows) {
            throw new WrongAnswer(copied + " rows copied instead of " + rows);
        }
    }

    private void read(Connection connection, Dice dice, Duration time) throws SQLException {
        Bank.countBranches(connection);
        Dice architect = dice.split();
        ground.threads.start("architect", () -> ground.work.alter(architect));
        Dice reader = dice.split();
        ground.threads.start("reader", () -> {
            Threads.pause(reader.millis(200, 1_000));
            ground.work.insist("a reader behind a change", reader, behind -> {
                Bank.countBranches(behind);
                return true;
            });
        });
        Threads.pause(time.compareTo(LONGEST_BEFORE_DDL) < 0 ? time : LONGEST_BEFORE_DDL);
    }

    // Each of these borrows at a place of its own in the code: what pgheal learns there is not to reach other work.

    private Outcome waitInTask(Transfer transfer, Dice dice, Duration time) throws Exception {
        return inOneThread(worker -> worker.submit(() ->
                        ground.work.attempt("slow " + Kind.WAITING_IN_A_TASK, transfer, dice, 0, nothing -> poll(time)))
                .get());
    }

    private static void poll(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        LinkedBlockingQueue<Object> nobodyPuts = new LinkedBlockingQueue<>();
        for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
            try {
                nobodyPuts.poll(left, TimeUnit.NANOSECONDS);
            } catch (InterruptedException goesOn) {
                // it has its time
            }
        }
    }

    private Outcome handOver(Transfer transfer, Dice dice, Duration time) throws Exception {
        Piece piece = new Piece(Kind.HANDED_OVER, transfer, dice);
        return inOneThread(first -> inOneThread(second -> {
            first.submit(() -> {
                        piece.begin(() -> ground.guarded.getConnection());
                        if (dice.percent(50)) {
                            piece.exchange(second);
                        }
                    })
                    .get();
            return second.submit(() -> {
                        Threads.pause(time);
                        return piece.finish();
                    })
                    .get();
        }));
    }

    /** What tells it from a leak is that the other thread was at it before the request failed. */
    private Outcome handOverAndFail(Transfer transfer, Dice dice, Duration time) throws Exception {
        Piece piece = new Piece(Kind.HANDED_OVER_BY_A_FAILED_REQUEST, transfer, dice);
        return inOneThread(first -> inOneThread(second -> {
            first.submit(() -> {
                        try (LeaseScope scope = ground.guarded.frameworkScope("POST /import")) {
                            piece.begin(() -> ground.guarded.getConnection());
                            piece.exchange(second);
                            scope.failed(new IllegalStateException("conflict"));
                        }
                    })
                    .get();
            Threads.pause(time);
            return second.submit(piece::finish).get();
        }));
    }

    private Outcome inTwoRequests(Transfer transfer, Dice dice, Duration time) throws Exception {
        Piece piece = new Piece(Kind.IN_TWO_REQUESTS, transfer, dice);
        return inOneThread(first -> inOneThread(second -> {
            first.submit(() -> {
                        try (LeaseScope scope = ground.guarded.frameworkScope("POST /console")) {
                            piece.begin(() -> ground.guarded.getConnection());
                        }
                    })
                    .get();
            Threads.pause(time);
            return second.submit(() -> {
                        try (LeaseScope scope = ground.guarded.frameworkScope("POST /console")) {
                            return piece.finish();
                        }
                    })
                    .get();
        }));
    }

    private Outcome keepInField(Kind kind, Transfer transfer, Dice dice, Duration time) throws Exception {
        Piece piece = new Piece(kind, transfer, dice);
        long key = dice.token();
        ground.threads
                .start("slow-starter", () -> {
                    if (kind == Kind.SESSION_IN_A_FIELD) {
                        piece.bind(() -> ground.guarded.getConnection(), key);
                    } else {
                        piece.begin(() -> ground.guarded.getConnection());
                        piece.lead(key);
                    }
                })
                .join();
        if (kind == Kind.LEADER_WHOSE_THREAD_ENDED && piece.failed == null) {
            follow(key, dice);
        }
        Threads.pause(time);
        if (kind == Kind.SESSION_IN_A_FIELD) {
            piece.unbind(key);
        }
        return piece.finish();
    }

    private Outcome suspend(Transfer transfer, Dice dice, Duration time) throws Exception {
        LinkedBlockingQueue<Callable<Outcome>> suspended = new LinkedBlockingQueue<>();
        return inOneThread(first -> inOneThread(second -> {
            first.submit(() -> {
                        Piece piece = new Piece(Kind.SUSPENDED, transfer, dice);
                        piece.begin(() -> ground.guarded.getConnection());
                        suspended.add(piece::finish);
                    })
                    .get();
            Threads.pause(time);
            return second.submit(suspended.take()).get();
        }));
    }

    private Outcome inStages(Transfer transfer, Dice dice, Duration time) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        return inOneThread(first -> inOneThread(second -> {
            CompletableFuture<Outcome> last = CompletableFuture.supplyAsync(
                            () -> {
                                Piece piece = new Piece(Kind.BETWEEN_TWO_STAGES, transfer, dice);
                                piece.begin(() -> ground.guarded.getConnection());
                                return piece;
                            },
                            first)
                    .thenApplyAsync(
                            piece -> {
                                piece.ask();
                                return piece;
                            },
                            second)
                    .thenCombine(answer, (piece, text) -> piece)
                    .thenApplyAsync(Piece::finish, first);
            Threads.pause(time);
            answer.complete("paid");
            return last.get();
        }));
    }

    private Outcome stepByStep(Transfer transfer, Dice dice, Duration time) throws Exception {
        Piece piece = new Piece(Kind.IN_SEVERAL_TASKS, transfer, dice);
        Duration gap = time.dividedBy(dice.between(1, 4));
        return inOneThread(worker -> {
            worker.submit(() -> piece.begin(() -> ground.guarded.getConnection()))
                    .get();
            for (Duration left = time; left.compareTo(gap) > 0; left = left.minus(gap)) {
                Threads.pause(gap);
                worker.submit(piece::ask).get();
            }
            Threads.pause(gap);
            return worker.submit(piece::finish).get();
        });
    }

    private Outcome comeBack(Kind kind, Transfer transfer, Dice dice, Duration time) throws Exception {
        Piece piece = new Piece(kind, transfer, dice);
        return inOneThread(worker -> {
            worker.submit(() -> piece.begin(() -> {
                        Connection connection =
                                kind == Kind.EXTENDED ? ground.guarded.getConnection() : borrowToUnwrap();
                        if (kind == Kind.EXTENDED) {
                            connection
                                    .unwrap(HealingLease.class)
                                    .extend(time.multipliedBy(4).plusSeconds(60));
                        } else {
                            connection.unwrap(PGConnection.class).getBackendPID();
                        }
                        return connection;
                    }))
                    .get();
            Threads.pause(time);
            return worker.submit(piece::finish).get();
        });
    }

    /** In no transaction, with something that its session holds, while its thread waits for another task. */
    private Outcome bindSession(Kind kind, Transfer transfer, Dice dice, Duration time) throws Exception {
        Piece piece = new Piece(kind, transfer, dice);
        long key = dice.token();
        return inOneThread(worker -> {
            worker.submit(() -> piece.bind(() -> ground.guarded.getConnection(), key))
                    .get();
            if (kind == Kind.SESSION_LEADER && piece.failed == null) {
                follow(key, dice);
            }
            Threads.pause(time);
            return worker.submit(() -> {
                        piece.unbind(key);
                        return piece.finish();
                    })
                    .get();
        });
    }

    private Connection borrowToUnwrap() throws SQLException {
        return ground.guarded.getConnection();
    }

    private Outcome borrowInInnerScope(Transfer transfer, Dice dice, Duration time) {
        Piece piece = new Piece(Kind.NESTED_SCOPE, transfer, dice);
        try (LeaseScope outer = ground.guarded.scope("outer")) {
            try (LeaseScope inner = ground.guarded.scope("inner")) {
                piece.begin(() -> ground.guarded.getConnection());
            }
            Threads.pause(time);
            return piece.finish();
        }
    }

    private Outcome keepOnlyTheResultSet(Transfer transfer, Dice dice, Duration time) throws InterruptedException {
        Piece piece = new Piece(Kind.ONLY_A_RESULT_SET, transfer, dice);
        AtomicReference<@Nullable ResultSet> kept = new AtomicReference<>();
        ground.threads
                .start("slow-starter", () -> {
                    piece.begin(() -> ground.guarded.getConnection());
                    kept.set(piece.letGoOfAllButRows());
                })
                .join();
        ResultSet rows = kept.get();
        if (rows != null) {
            System.gc();
            Threads.pause(time);
            System.gc();
            piece.takeBack(rows);
        }
        return piece.finish();
    }

    /** One transfer in pieces that different threads may carry out. */
    private final class Piece {
        private final Kind kind;
        private final Transfer transfer;
        private final Dice dice;
        private final Attempt attempt;
        private final AtomicReference<@Nullable Connection> connection = new AtomicReference<>();
        private volatile @Nullable Outcome failed;

        Piece(Kind kind, Transfer transfer, Dice dice) {
            this.kind = kind;
            this.transfer = transfer;
            this.dice = dice;
            this.attempt = new Attempt("slow " + kind);
        }

        void begin(Source source) {
            step(() -> {
                Connection borrowed = source.borrow();
                connection.set(borrowed);
                attempt.stage = Stage.WORKING;
                Work.begin(borrowed, transfer);
                attempt.pid = Bank.ask(borrowed, dice.token());
                Bank.move(borrowed, transfer, dice);
            });
        }

        void bind(Source source, long key) {
            step(() -> {
                Connection borrowed = source.borrow();
                connection.set(borrowed);
                attempt.stage = Stage.WORKING;
                attempt.pid = Bank.ask(borrowed, dice.token());
                if (kind == Kind.LISTENING) {
                    execute(borrowed, "LISTEN soak");
                } else if (kind == Kind.SESSION_IN_A_FIELD) {
                    execute(borrowed, "SET soak.so_far = '" + key + "'");
                } else {
                    advisory(borrowed, "SELECT true FROM pg_advisory_lock(?)", key);
                }
            });
        }

        /** What was bound must still be there; afterwards it is a transfer like any other. */
        void unbind(long key) {
            step(() -> {
                Connection bound = present();
                if (kind == Kind.LISTENING) {
                    try (Statement statement = bound.createStatement();
                            ResultSet channels = statement.executeQuery("SELECT pg_listening_channels()")) {
                        if (!channels.next()) {
                            throw new WrongAnswer("it listens no more");
                        }
                    }
                    execute(bound, "UNLISTEN *");
                } else if (kind == Kind.SESSION_IN_A_FIELD) {
                    try (Statement statement = bound.createStatement();
                            ResultSet soFar = statement.executeQuery("SHOW soak.so_far")) {
                        soFar.next();
                        if (soFar.getLong(1) != key) {
                            throw new WrongAnswer("the state of another session");
                        }
                    }
                    execute(bound, "RESET soak.so_far");
                } else if (!advisory(bound, "SELECT pg_advisory_unlock(?)", key)) {
                    throw new WrongAnswer("it leads no more");
                }
                Work.begin(bound, transfer);
                Bank.move(bound, transfer, dice);
            });
        }

        /** By a lock of its transaction. */
        void lead(long key) {
            if (kind == Kind.LEADER_WHOSE_THREAD_ENDED) {
                step(() -> advisory(present(), "SELECT true FROM pg_advisory_xact_lock(?)", key));
            }
        }

        void ask() {
            step(() -> Bank.ask(present(), dice.token()));
        }

        /** The second thread makes its first call before the first one ends: that is what shows that it is handed over. */
        void exchange(ThreadPoolExecutor second) {
            try {
                second.submit(() -> step(() -> Bank.ask(present(), dice.token())))
                        .get();
            } catch (InterruptedException | ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }

        Outcome finish() {
            step(() -> {
                Bank.ask(present(), dice.token());
                attempt.stage = Stage.COMMITTING;
                present().commit();
            });
            Outcome outcome = failed == null ? Outcome.COMMITTED : failed;
            Connection last = connection.getAndSet(null);
            if (failed != null) {
                Work.rollback(last);
                letGo(last);
            }
            Work.close(last);
            ground.outcomes.report(transfer.id(), outcome);
            ground.tally.count("transfers." + outcome);
            return outcome;
        }

        /** A lock of the session would go back to the pool with it, and its followers would wait for ever. */
        private void letGo(@Nullable Connection last) {
            if (last != null && kind == Kind.SESSION_LEADER) {
                try {
                    last.abort(Runnable::run);
                } catch (SQLException alreadyLost) {
                    // the failure has been judged
                }
            }
        }

        @Nullable
        ResultSet letGoOfAllButRows() {
            AtomicReference<@Nullable ResultSet> rows = new AtomicReference<>();
            step(() -> {
                Statement statement = present().createStatement();
                statement.setFetchSize(2);
                rows.set(statement.executeQuery("SELECT generate_series(1, 10)"));
                connection.set(null);
            });
            return rows.get();
        }

        void takeBack(ResultSet rows) {
            step(() -> {
                connection.set(rows.getStatement().getConnection());
                int read = 0;
                while (rows.next()) {
                    read++;
                }
                if (read != 10) {
                    throw new WrongAnswer(read + " rows instead of 10");
                }
                rows.getStatement().close();
            });
        }

        private Connection present() {
            Connection present = connection.get();
            if (present == null) {
                throw new IllegalStateException("no connection");
            }
            return present;
        }

        private void step(Step step) {
            if (failed != null) {
                return;
            }
            try {
                step.take();
            } catch (SQLException | WrongAnswer e) {
                failed = ground.judge.failed(attempt, e);
            }
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @FunctionalInterface
    private interface Source {
        Connection borrow() throws SQLException;
    }

    @FunctionalInterface
    private interface Step {
        void take() throws SQLException;
    }

    private Outcome inOneThread(Threads.InOneThread<Outcome> work) throws Exception {
        return ground.threads.inOneThread("slow-worker", work);
    }
}
