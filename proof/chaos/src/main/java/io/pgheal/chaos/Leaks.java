package io.pgheal.chaos;

import io.pgheal.chaos.Attempt.Stage;
import io.pgheal.chaos.Leak.Session;
import io.pgheal.chaos.Outcomes.Outcome;
import io.pgheal.track.LeaseScope;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Leaves transactions behind, in all known ways, at a pace below the budgets of heals. A leaked transaction is reported
 * as rolled back: if any of it is found in the ledger, a failure was committed.
 */
final class Leaks {
    static final Duration UNTIL_COLLECTED = Duration.ofSeconds(10);

    private final Ground ground;
    private final String name;
    private final List<LeakKind> kinds;
    private final Duration pause;
    private final Semaphore slots;

    /** @param slots of the pool that leaks may hold at a time */
    Leaks(Ground ground, String name, List<LeakKind> kinds, Duration pause, Semaphore slots) {
        this.ground = ground;
        this.name = name;
        this.kinds = kinds.stream()
                .filter(kind -> !kind.needsVirtualThreads() || Threads.haveVirtual())
                .toList();
        this.pause = pause;
        this.slots = slots;
    }

    void run() throws InterruptedException {
        Dice dice = ground.dice(name);
        Deck<LeakKind> deck = new Deck<>(kinds, dice.split());
        while (!ground.isClosing()) {
            Dice act = dice.split();
            LeakKind kind = deck.draw();
            if (slots.tryAcquire(1, TimeUnit.SECONDS)) {
                perform(kind, act);
            }
            ground.idle(Duration.ofMillis((long) (pause.toMillis() * (0.5 + act.below(1000) / 1000.0))));
        }
    }

    private void perform(LeakKind kind, Dice dice) throws InterruptedException {
        switch (kind) {
            case OVERFLOW -> new Overflow(ground, dice, slots).perform();
            case SOCKET_TIMEOUT_ORPHAN, ABORT_ORPHAN, INTERRUPT_ORPHAN ->
                new Orphan(ground, kind, dice, slots).perform();
            default -> new Act(kind, dice).perform();
        }
    }

    /** The promised time. */
    static Duration bound(LeakKind kind) {
        return switch (kind.proof) {
            case CERTAIN -> Duration.ZERO;
            case COLLECTION -> UNTIL_COLLECTED;
            case EXHAUSTION, LIMIT, OPERATOR -> throw new IllegalArgumentException(kind + " has a bound of its own");
        };
    }

    /** One leak of a whole connection. */
    private final class Act {
        private final LeakKind kind;
        private final Dice dice;
        private final @Nullable Integer own;
        private final boolean awaited;
        private final boolean cleansUpLate;
        private final Transfer transfer;
        private volatile @Nullable ExecutorService executor;

        /** Of those that are gone for certain, however long somebody keeps them: late code must be refused. */
        private final AtomicReference<@Nullable Connection> kept = new AtomicReference<>();

        Act(LeakKind kind, Dice dice) {
            this.kind = kind;
            this.dice = dice;
            // A row of its own, with or without somebody who waits; or one that everybody may stumble over.
            this.own = dice.percent(70) ? ground.reserve() : null;
            this.awaited = kind == LeakKind.READER_BEFORE_DDL
                    || (own != null && kind != LeakKind.IDLE_HANDLE_DROPPED && dice.percent(60));
            this.cleansUpLate = dice.percent(50);
            Transfer drawn = Transfer.draw(dice, ground.outcomes.next()).plain();
            this.transfer = own == null
                    ? drawn
                    : Transfer.draw(dice, drawn.id(), own, drawn.to()).plain();
        }

        void perform() {
            switch (kind) {
                case HANDLE_DROPPED -> leaked(dropped());
                case IDLE_HANDLE_DROPPED -> leaked(droppedIdle());
                case THREAD_DIED, HALF_DONE, SAVEPOINT_ABORTED, READER_BEFORE_DDL ->
                    ground.threads.start("doomed", () -> leaked(onDoomedThread()));
                case VIRTUAL_THREAD_DIED -> ground.threads.startVirtual("doomed", () -> leaked(onVirtualThread()));
                case EXECUTOR_TASK_ENDED -> inExecutor(() -> leaked(inTask()));
                case FORK_JOIN_TASK_ENDED -> inForkJoinPool(() -> leaked(inForkJoinTask()));
                case SWALLOWED_ERROR -> inExecutor(this::swallow);
                case SCOPE_ENDED_BY_THROWABLE, SCOPE_ENDED -> inScope();
                case CUT_MESSAGE -> leaked(cutMessage());
                case COPY_NOT_ENDED -> leaked(copyNotEnded());
                default -> throw new IllegalArgumentException(kind.name());
            }
        }

        // Each has a place of its own in the code that borrows: what is learned about one says nothing of another.

        private @Nullable Session dropped() {
            Attempt attempt = new Attempt(kind + " before it leaks");
            Connection connection = null;
            try {
                connection = ground.guarded.getConnection();
                return book(attempt, connection);
            } catch (SQLException | WrongAnswer e) {
                return failed(attempt, e, connection);
            }
        }

        private @Nullable Session droppedIdle() {
            Attempt attempt = new Attempt(kind + " before it leaks");
            Connection connection = null;
            try {
                connection = ground.guarded.getConnection();
                attempt.stage = Stage.WORKING;
                Session session = LeakWatch.session(connection);
                attempt.pid = session.pid();
                return session;
            } catch (SQLException | WrongAnswer e) {
                Work.close(connection);
                return failed(attempt, e);
            }
        }

        private @Nullable Session onDoomedThread() {
            Attempt attempt = new Attempt(kind + " before it leaks");
            Connection connection = null;
            try {
                connection = ground.guarded.getConnection();
                return book(attempt, connection);
            } catch (SQLException | WrongAnswer e) {
                return failed(attempt, e, connection);
            }
        }

        private @Nullable Session onVirtualThread() {
            Attempt attempt = new Attempt(kind + " before it leaks");
            Connection connection = null;
            try {
                connection = ground.guarded.getConnection();
                return book(attempt, connection);
            } catch (SQLException | WrongAnswer e) {
                return failed(attempt, e, connection);
            }
        }

        private @Nullable Session inTask() {
            Attempt attempt = new Attempt(kind + " before it leaks");
            Connection connection = null;
            try {
                connection = ground.guarded.getConnection();
                return book(attempt, connection);
            } catch (SQLException | WrongAnswer e) {
                return failed(attempt, e, connection);
            }
        }

        private @Nullable Session inForkJoinTask() {
            Attempt attempt = new Attempt(kind + " before it leaks");
            Connection connection = null;
            try {
                connection = ground.guarded.getConnection();
                return book(attempt, connection);
            } catch (SQLException | WrongAnswer e) {
                return failed(attempt, e, connection);
            }
        }

        private void swallow() {
            Attempt attempt = new Attempt(kind + " before it leaks");
            Session session = null;
            Connection connection = null;
            try {
                connection = ground.guarded.getConnection();
                session = book(attempt, connection);
                throw new AssertionError("an error of the application's own");
            } catch (SQLException | WrongAnswer e) {
                session = failed(attempt, e, connection);
            } catch (Throwable forgotten) {
                // as so often
            }
            leaked(session);
        }

        private void inScope() {
            Session session = null;
            try (LeaseScope scope = ground.guarded.scope("unit-of-work")) {
                Attempt attempt = new Attempt(kind + " before it leaks");
                try {
                    session = book(attempt, keep(ground.guarded.getConnection()));
                    if (kind == LeakKind.SCOPE_ENDED_BY_THROWABLE) {
                        scope.failed(new IllegalStateException("the unit of work failed"));
                    }
                } catch (SQLException | WrongAnswer e) {
                    session = failed(attempt, e);
                }
            }
            leaked(session);
        }

        /** The stream throws in the middle of the message; the connection is forgotten, or cleaned up as it should be. */
        private @Nullable Session cutMessage() {
            Attempt attempt = new Attempt(kind + " before it leaks");
            Connection connection = null;
            Session session = null;
            try {
                connection = keep(ground.guarded.getConnection());
                session = book(attempt, connection);
                try (var statement = connection.prepareStatement("SELECT length(?)")) {
                    statement.setBinaryStream(1, new ThrowingStream(dice.between(0, 60_000)), 64_000);
                    statement.execute();
                    ground.tally.violated(Invariant.UNEXPLAINED, "a stream that throws was sent");
                }
                return session;
            } catch (SQLException | WrongAnswer e) {
                if (Judge.isByError(e)) {
                    return session;
                }
                return failed(attempt, e);
            } catch (AssertionError expected) {
                if (connection != null && dice.percent(50)) {
                    Work.rollback(connection);
                    Work.close(connection);
                }
                return session;
            }
        }

        /** It is closed as it should be, but for the copy that it is in the middle of. */
        private @Nullable Session copyNotEnded() {
            Attempt attempt = new Attempt(kind + " before it leaks");
            Connection connection = null;
            try {
                connection = ground.guarded.getConnection();
                Session session = book(attempt, connection);
                CopyIn copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY imports FROM STDIN");
                byte[] row = (dice.token() + "\n").getBytes(StandardCharsets.US_ASCII);
                for (int rows = dice.between(0, 50); rows > 0; rows--) {
                    copy.writeToCopy(row, 0, row.length);
                }
                Work.close(connection);
                return session;
            } catch (SQLException | WrongAnswer e) {
                Work.rollback(connection);
                Work.close(connection);
                return failed(attempt, e);
            }
        }

        private Connection keep(Connection connection) {
            kept.set(connection);
            return connection;
        }

        private Session book(Attempt attempt, Connection connection) throws SQLException {
            attempt.stage = Stage.WORKING;
            Work.begin(connection, transfer);
            attempt.pid = Bank.ask(connection, dice.token());
            if (kind == LeakKind.READER_BEFORE_DDL) {
                Bank.countBranches(connection);
            } else if (kind == LeakKind.HALF_DONE) {
                Bank.add(connection, transfer.from(), -transfer.amount());
            } else {
                Bank.move(connection, transfer, dice);
            }
            Session session = LeakWatch.session(connection);
            if (kind == LeakKind.SAVEPOINT_ABORTED) {
                Bank.failAfterSavepoint(connection);
            }
            return session;
        }

        /** It failed while it was alive and in order: no leak, then. */
        private @Nullable Session failed(Attempt attempt, Exception failure) {
            return failed(attempt, failure, kept.getAndSet(null));
        }

        private @Nullable Session failed(Attempt attempt, Exception failure, @Nullable Connection connection) {
            ground.judge.failed(attempt, failure);
            Work.rollback(connection);
            Work.close(connection);
            return null;
        }

        private void leaked(@Nullable Session session) {
            ground.outcomes.report(transfer.id(), Outcome.ROLLED_BACK);
            if (session == null) {
                ended();
                return;
            }
            ground.watch.add(new Leak(kind, session, awaited, bound(kind), this::ended));
            if (kind == LeakKind.READER_BEFORE_DDL) {
                Dice architect = dice.split();
                ground.threads.start("architect", () -> ground.work.alter(architect));
                return;
            }
            if (own != null && awaited) {
                Dice waiter = dice.split();
                int timeout = waiter.oneOf(0, 0, 1000);
                ground.threads.start(
                        "waiter", () -> ground.work.insist("a waiter", own, transfer.to(), waiter, timeout));
            }
        }

        /** It is seen to be gone: late code cleans up, which must be silent, and nothing is kept any more. */
        private void ended() {
            Connection connection = kept.getAndSet(null);
            if (connection != null && cleansUpLate && isClosed(connection)) {
                Work.close(connection);
            }
            if (own != null) {
                ground.giveBack(own);
            }
            ExecutorService idle = executor;
            if (idle != null) {
                idle.shutdown();
            }
            slots.release();
        }

        /** Else its session was ended from outside: another thread's close would look like one that owns it. */
        private boolean isClosed(Connection connection) {
            try {
                return connection.isClosed();
            } catch (SQLException lost) {
                return false;
            }
        }

        private void inExecutor(Runnable task) {
            ThreadPoolExecutor one = new ThreadPoolExecutor(
                    1,
                    1,
                    0,
                    TimeUnit.SECONDS,
                    new LinkedBlockingQueue<>(),
                    work -> ground.threads.platform("worker", 0, work));
            executor = one;
            one.execute(task);
        }

        private void inForkJoinPool(Runnable task) {
            ForkJoinPool one = new ForkJoinPool(1);
            executor = one;
            one.execute(task);
        }
    }

    /** Throws an error after so many bytes. */
    private static final class ThrowingStream extends java.io.InputStream {
        private int left;

        ThrowingStream(int left) {
            this.left = left;
        }

        @Override
        public int read() {
            if (left-- <= 0) {
                throw new AssertionError("an error in the middle of a message");
            }
            return 'x';
        }

        @Override
        public int read(byte[] buffer, int offset, int length) {
            if (left <= 0) {
                return read();
            }
            int given = Math.min(left, length);
            Arrays.fill(buffer, offset, offset + given, (byte) 'x');
            left -= given;
            return given;
        }
    }
}
