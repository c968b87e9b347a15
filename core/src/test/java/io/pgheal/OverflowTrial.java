package io.pgheal;

import io.pgheal.OverflowPools.Subject;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Overflows the stack at random depths in the middle of JDBC calls, and looks what the next borrowers of the pool see.
 * The same program for every subject: pgheal over several pools, the pools alone, plain datasource-proxy.
 */
final class OverflowTrial implements AutoCloseable {
    private static final int SLOTS = OverflowPools.SLOTS;
    private static final AtomicInteger TABLES = new AtomicInteger();
    private static final long STACK = 320 * 1024;

    /** How the code that overflows is written. */
    enum Pattern {
        JDBC_TEMPLATE,
        TRANSACTION_FINALLY_CLOSE,
        TRY_WITH_RESOURCES,
        /** Borrowed with stack to spare, used where there is none, closed again where there is. */
        BORROWED_ABOVE,
        TRANSACTION_TEMPLATE
    }

    /**
     * What was seen.
     *
     * @param overflows trials in which the stack overflowed in the work, not before it
     * @param wrong trials after which a borrower got a wrong answer
     * @param failed trials after which a borrower got an error, or no answer at all
     * @param lost slots that could not be borrowed any more
     * @param evicted connections that were replaced beyond the one that a trial may have touched
     */
    record Result(int trials, int overflows, int wrong, int failed, int lost, int evicted) {}

    private final Subject kind;
    private final OverflowPools pools;
    private final Random random;

    /** Its own, so that no connection of an earlier trial, which may live on for a while, is in the way. */
    private final String table = "overflow" + TABLES.incrementAndGet();

    private OverflowPools.Open open;
    private DataSource subject;

    OverflowTrial(Subject kind, OverflowPools pools, long seed) throws SQLException {
        this.kind = kind;
        this.pools = pools;
        this.random = new Random(seed);
        open();
        try (Connection connection = pools.outside();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE " + table + " (id int, note text)");
        }
    }

    private void open() throws SQLException {
        open = pools.open(kind);
        subject = open.subject();
    }

    Result run(Pattern pattern, int trials) throws Exception {
        int overflows = 0;
        int wrong = 0;
        int failed = 0;
        int lost = 0;
        int evicted = 0;
        Set<Integer> before = borrowAll(new int[3]);
        for (int i = 0; i < trials; i++) {
            overflows += overflow(pattern) ? 1 : 0;
            int[] seen = new int[3];
            Set<Integer> after = borrowAll(seen);
            wrong += seen[0] > 0 ? 1 : 0;
            failed += seen[1] > 0 ? 1 : 0;
            lost += seen[2];
            Set<Integer> kept = new HashSet<>(before);
            kept.retainAll(after);
            evicted += Math.max(0, before.size() - 1 - kept.size()); // one was touched
            if (seen[0] + seen[1] + seen[2] > 0) {
                closeInBackground(); // each trial begins with a pool that is well
                open();
                after = borrowAll(new int[3]);
            }
            before = after;
        }
        return new Result(trials, overflows, wrong, failed, lost, evicted);
    }

    /** Connections that an overflow cut. */
    long cut() {
        return subject instanceof SelfHealingDataSource guarded
                ? guarded.healer().quarantined()
                : 0;
    }

    // ---- the overflow

    /** Whether the stack overflowed, and not before the work began. */
    private boolean overflow(Pattern pattern) throws InterruptedException {
        boolean[] overflowed = new boolean[1];
        int left = 20 + random.nextInt(1_500);
        Thread thread = new Thread(
                null,
                () -> {
                    deepest = 0;
                    worked = false;
                    try {
                        descend(Integer.MAX_VALUE, 0, pattern);
                    } catch (StackOverflowError measured) {
                        // now it is known how deep one can go
                    }
                    try {
                        if (pattern == Pattern.BORROWED_ABOVE) {
                            borrowAboveAndDescend(Math.max(0, deepest - left));
                        } else {
                            descend(Math.max(0, deepest - left), 0, pattern);
                        }
                    } catch (StackOverflowError expected) {
                        overflowed[0] = worked;
                    } catch (Throwable following) {
                        overflowed[0] = worked; // a clean-up, or a class that did not load, hid the first one
                    }
                },
                "overflow",
                STACK);
        thread.start();
        thread.join();
        return overflowed[0];
    }

    private void borrowAboveAndDescend(int depth) {
        try (Connection connection = subject.getConnection()) {
            borrowedAbove = connection;
            descend(depth, 0, Pattern.BORROWED_ABOVE);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private Connection borrowedAbove;
    private volatile int deepest;
    private volatile boolean worked;

    private int descend(int target, int depth, Pattern pattern) {
        if (depth == target) {
            worked = true;
            return work(pattern, 0);
        }
        deepest = depth;
        return descend(target, depth + 1, pattern) + 1;
    }

    /** One complete piece of work on each level, deeper and deeper. */
    @SuppressWarnings("InfiniteRecursion")
    private int work(Pattern pattern, int level) {
        switch (pattern) {
            case JDBC_TEMPLATE -> {
                JdbcTemplate template = new JdbcTemplate(subject);
                template.queryForObject("SELECT 1 + ?", Integer.class, level);
                template.update("INSERT INTO " + table + " VALUES (?, 'a')", level);
            }
            case TRANSACTION_FINALLY_CLOSE -> inTransaction(level);
            case TRY_WITH_RESOURCES -> select(level);
            case BORROWED_ABOVE -> selectWith(borrowedAbove, level);
            case TRANSACTION_TEMPLATE ->
                new TransactionTemplate(new DataSourceTransactionManager(subject))
                        .executeWithoutResult(status ->
                                new JdbcTemplate(subject).update("INSERT INTO " + table + " VALUES (?, 'c')", level));
        }
        return pad(random.nextInt(250), pattern, level + 1) + 1;
    }

    /** Steps of random size, so that the overflow comes anywhere in the work, not only where the work is deepest. */
    private int pad(int frames, Pattern pattern, int level) {
        return frames == 0 ? work(pattern, level) : pad(frames - 1, pattern, level) + 1;
    }

    private void inTransaction(int level) {
        Connection connection = null;
        try {
            connection = subject.getConnection();
            connection.setAutoCommit(false);
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO " + table + " VALUES (?, 'b')")) {
                insert.setInt(1, level);
                insert.executeUpdate();
            }
            connection.commit();
        } catch (SQLException e) {
            rollback(connection);
        } finally {
            if (connection != null) {
                try {
                    connection.close();
                } catch (SQLException ignored) {
                    // as so often
                }
            }
        }
    }

    private static void rollback(Connection connection) {
        try {
            if (connection != null) {
                connection.rollback();
            }
        } catch (SQLException ignored) {
            // as so often
        }
    }

    private void select(int level) {
        try (Connection connection = subject.getConnection()) {
            selectWith(connection, level);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void selectWith(Connection connection, int level) {
        try (PreparedStatement select = connection.prepareStatement("SELECT 1 + ?")) {
            select.setInt(1, level);
            try (ResultSet found = select.executeQuery()) {
                found.next();
                if (found.getInt(1) != level + 1) {
                    throw new IllegalStateException("wrong answer on the way down");
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    // ---- the next borrowers

    /**
     * Borrows every slot at once and asks each for what is known. Returns the backends; counts answers that are wrong,
     * errors, and slots that are lost.
     */
    private Set<Integer> borrowAll(int[] counts) throws SQLException {
        Set<Integer> pids = ConcurrentHashMap.newKeySet();
        Connection[] all = new Connection[SLOTS];
        for (int i = 0; i < SLOTS; i++) {
            try {
                all[i] = subject.getConnection();
            } catch (SQLException e) {
                counts[2]++;
            }
        }
        for (Connection each : all) {
            if (each != null) {
                askInTime(each, pids, counts);
            }
        }
        return pids;
    }

    /** A lock of the driver or of the socket may still belong to the thread that overflowed: then nobody ever answers. */
    private void askInTime(Connection connection, Set<Integer> pids, int[] counts) {
        Thread borrower = new Thread(
                () -> {
                    try (connection) {
                        pids.add(ask(connection, counts));
                    } catch (SQLException | RuntimeException e) {
                        counts[1]++;
                    }
                },
                "borrower");
        borrower.setDaemon(true);
        borrower.start();
        try {
            borrower.join(pools.longestAnswer().toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (borrower.isAlive()) {
            counts[1]++;
        }
    }

    private void closeInBackground() {
        AutoCloseable old = open.closing();
        Thread closer = new Thread(
                () -> {
                    try {
                        old.close();
                    } catch (Exception e) {
                        // a pool that an overflow broke may not even close
                    }
                },
                "closer");
        closer.setDaemon(true);
        closer.start();
    }

    private int ask(Connection connection, int[] counts) throws SQLException {
        int number = random.nextInt(1_000_000);
        try (PreparedStatement select = connection.prepareStatement("SELECT ?::int, 'next', pg_backend_pid()")) {
            connection.setAutoCommit(false);
            int inserted;
            try (Statement insert = connection.createStatement()) {
                inserted = insert.executeUpdate("INSERT INTO " + table + " VALUES (-1, 'x'), (-2, 'y'), (-3, 'z')");
            }
            select.setInt(1, number);
            try (ResultSet found = select.executeQuery()) {
                boolean right = inserted == 3
                        && found.next()
                        && found.getInt(1) == number
                        && found.getString(2).equals("next");
                if (!right) {
                    counts[0]++;
                    return -1;
                }
                return found.getInt(3);
            } finally {
                connection.rollback();
            }
        }
    }

    @Override
    public void close() {
        closeInBackground();
    }
}
