package io.pgheal.bench;

import io.pgheal.bench.Contender.Opened;
import io.pgheal.bench.Contender.Target;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of an abandoned transaction with each contender, and of one that is slow but healthy. A login from outside
 * waits for the row; "never" is a bound.
 */
public final class LeakTable {
    private static final int SLOTS = 4;
    private static final long BOUND_MS = 8000;
    private static final String FIRST = "user1";
    private static final String SECOND = "user2";
    private static final List<String> COLUMNS = List.of(
            "",
            "thread died: row free",
            "thread idle, and its code comes back later: row free",
            "slots back",
            "healthy, 4 s",
            "owner goes on after its connection was reclaimed");

    private final Server server;
    private final Contender contender;

    private LeakTable(Server server, Contender contender) {
        this.server = server;
        this.contender = contender;
    }

    public static void main(String[] arguments) throws Exception {
        List<Contender> contenders = arguments.length > 0
                ? Arrays.stream(arguments).map(Contender::valueOf).toList()
                : List.of(Contender.values());
        Report report = new Report(
                "leaks",
                "a pool of %d slots; *never* means not within %d s; each case once".formatted(SLOTS, BOUND_MS / 1000));
        try (Server server = Server.start(Map.of())) {
            report.on(server);
            report.table(COLUMNS.toArray(String[]::new));
            for (Contender contender : contenders) {
                try {
                    report.row(new LeakTable(server, contender).row());
                } catch (Exception e) {
                    report.note(contender.title + " does not start: " + e);
                }
            }
        }
        report.end();
        System.exit(0); // some of their threads are no daemons
    }

    private String[] row() throws Exception {
        String[] died = threadDied();
        String[] idle = threadIdle();
        return new String[] {contender.title, died[0], idle[0], died[1], healthy(), idle[1]};
    }

    private Opened open() throws Exception {
        server.execute("UPDATE user_login_info SET logins = 0");
        Opened opened = contender.open(new Target(server.url(), Server.USER, Server.USER, SLOTS));
        Contender.fill(opened, SLOTS);
        return opened;
    }

    // ---- the thread of the story: an overflow, and clean-up for exceptions only

    /** When the row came free, and when all slots could be borrowed again. */
    private String[] threadDied() throws Exception {
        try (Opened opened = open()) {
            Thread owner = new Thread(null, () -> request(opened), "request", 512 * 1024);
            owner.setUncaughtExceptionHandler((thread, overflow) -> {});
            owner.start();
            owner.join();
            long lost = System.nanoTime();
            CompletableFuture<Long> login = loginFromOutside();
            CompletableFuture<Long> slots = borrowAll(opened);
            String free = sinceOrNever(login, lost);
            String back = contender == Contender.PGJDBC ? "no pool" : sinceOrNever(slots, lost);
            end();
            return new String[] {free, back};
        }
    }

    private void request(Opened opened) {
        try {
            contender.request(opened, () -> openOrgChart(opened));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @SuppressWarnings("NullAway") // nothing to answer
    private Void openOrgChart(Opened opened) {
        Connection connection = null;
        try {
            connection = borrow(opened);
            recurse(0);
            connection.commit();
            connection.close();
        } catch (Exception e) {
            try {
                if (connection != null) {
                    connection.rollback();
                    connection.close();
                }
            } catch (SQLException onTheWay) {
                e.addSuppressed(onTheWay);
            }
        }
        return null;
    }

    @SuppressWarnings("InfiniteRecursion")
    private static int recurse(int depth) {
        return recurse(depth + 1) + 1;
    }

    private Connection borrow(Opened opened) throws SQLException {
        Connection connection = opened.dataSource().getConnection();
        return Row.lock(connection, FIRST);
    }

    // ---- an executor's thread goes back to its queue; later its code comes back

    /** When the row came free, and what a late owner can still do. */
    private String[] threadIdle() throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(1);
        try (Opened opened = open()) {
            Connection leaked = executor.submit(() -> contender.request(opened, () -> borrow(opened)))
                    .get();
            long lost = System.nanoTime();
            String free = sinceOrNever(loginFromOutside(), lost);
            boolean reclaimed = !free.startsWith("never");
            String late = executor.submit(() -> goOn(leaked)).get(60, TimeUnit.SECONDS);
            String sums = logins(FIRST) + "+" + logins(SECOND);
            end();
            return new String[] {free, (reclaimed ? "" : "not reclaimed; ") + late + (reclaimed ? half(sums) : "")};
        } finally {
            executor.shutdownNow();
        }
    }

    /** The first half was rolled back, and the waiter's login counted once. */
    private static String half(String sums) {
        return sums.endsWith("+0") ? "; nothing of it committed" : "; HALF COMMITTED";
    }

    private static String goOn(Connection connection) {
        StringBuilder told = new StringBuilder();
        try {
            Row.update(connection, SECOND);
            told.append("statement ran");
        } catch (SQLException e) {
            told.append("statement refused");
        }
        try {
            connection.commit();
            told.append(", commit ran");
        } catch (SQLException e) {
            told.append(", commit refused");
        }
        return told.toString();
    }

    // ---- slow, but healthy

    private String healthy() throws Exception {
        try (Opened opened = open()) {
            CompletableFuture<String> outcome = new CompletableFuture<>();
            Thread owner = new Thread(() -> {
                try {
                    outcome.complete(contender.request(opened, () -> slowLogin(opened)));
                } catch (Exception e) {
                    outcome.completeExceptionally(e);
                }
            });
            owner.start();
            Thread.sleep(50);
            CompletableFuture<Long> login = loginFromOutside();
            String told = outcome.get(60, TimeUnit.SECONDS);
            login.get(60, TimeUnit.SECONDS);
            int rows = logins(FIRST) - 1 + logins(SECOND); // without the waiter's own
            end();
            return told.equals("committed") && rows != 2 ? "LOST: " + rows + " of 2 rows" : told;
        }
    }

    private static String slowLogin(Opened opened) {
        try (Connection connection = Row.lock(opened.dataSource().getConnection(), FIRST)) {
            compute(4000);
            Row.update(connection, SECOND);
            connection.commit();
            return "committed";
        } catch (SQLException e) {
            return "KILLED " + e.getSQLState();
        }
    }

    private static void compute(long millis) {
        long end = System.nanoTime() + millis * 1_000_000;
        long x = 1;
        while (System.nanoTime() < end) {
            for (int i = 0; i < 1000; i++) {
                x = x * 6364136223846793005L + 1;
            }
            Thread.onSpinWait();
        }
        if (x == 0) {
            System.err.println("never");
        }
    }

    // ---- those who look on

    private CompletableFuture<Long> loginFromOutside() {
        return inBackground(() -> {
            try (Connection connection = server.connect("outside")) {
                Row.update(connection, FIRST);
                return System.nanoTime();
            }
        });
    }

    /** All slots at once, again and again. */
    private static CompletableFuture<Long> borrowAll(Opened opened) {
        return inBackground(() -> {
            while (true) {
                List<Connection> all = new ArrayList<>();
                try {
                    while (all.size() < SLOTS) {
                        all.add(opened.dataSource().getConnection());
                    }
                    return System.nanoTime();
                } catch (SQLException exhausted) {
                    Thread.sleep(1);
                } finally {
                    for (Connection each : all) {
                        each.close();
                    }
                }
            }
        });
    }

    private interface Looking {
        Long look() throws Exception;
    }

    private static CompletableFuture<Long> inBackground(Looking looking) {
        CompletableFuture<Long> seen = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                seen.complete(looking.look());
            } catch (Exception e) {
                seen.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return seen;
    }

    private static String sinceOrNever(CompletableFuture<Long> seen, long lost) throws Exception {
        long left = BOUND_MS - (System.nanoTime() - lost) / 1_000_000;
        @Nullable Long at = null;
        try {
            at = seen.get(Math.max(1, left), TimeUnit.MILLISECONDS);
        } catch (TimeoutException never) {
            return "never";
        }
        return (at - lost) / 1_000_000 + " ms";
    }

    private int logins(String username) throws SQLException {
        try (Connection connection = server.connect("observer");
                PreparedStatement select =
                        connection.prepareStatement("SELECT logins FROM user_login_info WHERE username = ?")) {
            select.setString(1, username);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }

    /** Whatever is left of a scenario must not hold up the next. */
    private void end() throws SQLException {
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + Server.USER
                + "' AND (state LIKE 'idle in transaction%' OR wait_event_type = 'Lock')");
    }
}
