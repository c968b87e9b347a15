package io.pgheal.chaos;

import io.pgheal.chaos.Attempt.Stage;
import io.pgheal.chaos.Leak.Session;
import io.pgheal.chaos.Outcomes.Outcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Hand-written JDBC in a recursion: one transfer on each level, until the stack overflows somewhere in the work or in
 * its clean-up. What is noted on the way is noted without a call, so that it holds wherever the overflow comes.
 */
final class Overflow {
    private static final long STACK = 320 * 1024;
    private static final int LEVELS = 400;

    private final Ground ground;
    private final Dice dice;
    private final Semaphore slots;
    private final Pattern pattern;
    private final boolean inExecutor;
    private final int left;

    // Of the thread that overflows, and afterwards of the watch.
    private final Transfer[] transfers = new Transfer[LEVELS];
    private final int[] stages = new int[LEVELS];
    private int level = -1;
    private int deepest;
    private @Nullable Session session;
    private @Nullable Connection connection;
    private boolean closed = true;
    private @Nullable ThreadPoolExecutor executor;

    private static final int WORKING = 1;
    private static final int COMMITTING = 2;
    private static final int COMMITTED = 3;

    /** How the code that overflows cleans up. */
    private enum Pattern {
        /** For exceptions only: an error passes it by. */
        CATCH_ONLY,
        FINALLY_CLOSE,
        TRY_WITH_RESOURCES
    }

    Overflow(Ground ground, Dice dice, Semaphore slots) {
        this.ground = ground;
        this.dice = dice;
        this.slots = slots;
        this.pattern = dice.oneOf(Pattern.values());
        this.inExecutor = dice.percent(50);
        this.left = dice.between(20, 1500);
        for (int i = 0; i < LEVELS; i++) {
            transfers[i] = Transfer.draw(dice, 0).plain();
        }
    }

    void perform() {
        if (!inExecutor) {
            ground.threads.start("overflowing", STACK, this::overflow);
            return;
        }
        executor = new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                work -> ground.threads.platform("overflowing", STACK, work));
        executor.execute(this::overflow);
    }

    private void overflow() {
        Attempt attempt = new Attempt("OVERFLOW " + pattern);
        try {
            measure(0);
        } catch (StackOverflowError measured) {
            // now it is known how deep one can go
        }
        try {
            descend(Math.max(0, deepest - left), 0);
        } catch (StackOverflowError expected) {
            ground.tally.count("overflows." + pattern);
        } catch (SQLException | WrongAnswer e) {
            if (level >= 0 && stages[level] == COMMITTING) {
                attempt.stage = Stage.COMMITTING;
            } else if (level >= 0 && stages[level] == WORKING) {
                attempt.stage = Stage.WORKING;
            }
            if (Judge.isByError(e)) {
                ground.tally.count("overflows." + pattern + " as an exception");
            } else {
                ground.judge.failed(attempt, e);
            }
        }
        report();
        leaked();
    }

    @SuppressWarnings("InfiniteRecursion")
    private int measure(int depth) {
        deepest = depth;
        return measure(depth + 1) + 1;
    }

    private int descend(int target, int depth) throws SQLException {
        return depth == target ? work() : descend(target, depth + 1) + 1;
    }

    /** One complete piece of work on each level, deeper and deeper. */
    private int work() throws SQLException {
        int next = level + 1;
        if (next == LEVELS) {
            return 0;
        }
        transfers[next] = transfers[next].withId(ground.outcomes.next());
        stages[next] = 0;
        level = next;
        switch (pattern) {
            case CATCH_ONLY -> catchOnly();
            case FINALLY_CLOSE -> finallyClose();
            case TRY_WITH_RESOURCES -> tryWithResources();
        }
        return pad(dice.below(250)) + 1;
    }

    /** Steps of random size, so that the overflow comes anywhere in the work, not only where the work is deepest. */
    private int pad(int frames) throws SQLException {
        return frames == 0 ? work() : pad(frames - 1) + 1;
    }

    private void catchOnly() throws SQLException {
        session = null;
        Connection own = ground.guarded.getConnection();
        connection = own;
        closed = false;
        try {
            transfer(own);
        } catch (SQLException e) {
            Work.rollback(own);
            own.close();
            closed = true;
            throw e;
        }
        own.close();
        closed = true;
    }

    private void finallyClose() throws SQLException {
        session = null;
        Connection own = ground.guarded.getConnection();
        connection = own;
        closed = false;
        try {
            transfer(own);
        } catch (SQLException e) {
            own.rollback();
            throw e;
        } finally {
            own.close();
            closed = true;
        }
    }

    private void tryWithResources() throws SQLException {
        session = null;
        try (Connection own = ground.guarded.getConnection()) {
            connection = own;
            closed = false;
            transfer(own);
        }
        closed = true;
    }

    private void transfer(Connection own) throws SQLException {
        Transfer transfer = transfers[level];
        stages[level] = WORKING;
        Work.begin(own, transfer);
        Bank.ask(own, transfer.id());
        if (level % 3 == 0) {
            session = LeakWatch.session(own);
        }
        Bank.move(own, transfer, dice);
        if (session == null) {
            session = LeakWatch.session(own);
        }
        stages[level] = COMMITTING;
        own.commit();
        stages[level] = COMMITTED;
    }

    private void report() {
        for (int i = 0; i <= level; i++) {
            long id = transfers[i].id();
            if (id != 0) {
                ground.outcomes.report(
                        id,
                        switch (stages[i]) {
                            case COMMITTED -> Outcome.COMMITTED;
                            case COMMITTING -> Outcome.UNKNOWN;
                            default -> Outcome.ROLLED_BACK;
                        });
                ground.tally.count("transfers." + ground.outcomes.of(id));
            }
        }
    }

    private void leaked() {
        Session left = session;
        // Not closed: forgotten, refused for want of stack, or (try-with-resources) closed without our knowing.
        if (closed || left == null || connection == null || isClosed(connection)) {
            ended();
            return;
        }
        if (stages[level] == COMMITTED) {
            left = new Session(left.pid(), left.backendStart(), null);
            ended(); // no transaction is open: its slot comes back when somebody wants it, or when it is collected
            return;
        }
        connection = null; // as by the stack that was unwound
        ground.watch.add(new Leak(LeakKind.OVERFLOW, left, false, Leaks.bound(LeakKind.OVERFLOW), this::ended));
    }

    private static boolean isClosed(Connection connection) {
        try {
            return connection.isClosed();
        } catch (SQLException lost) {
            return true;
        }
    }

    private void ended() {
        connection = null;
        if (executor != null) {
            executor.shutdown();
        }
        slots.release();
    }
}
