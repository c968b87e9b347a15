package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.pgheal.HealingConfig;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.detect.Evidence;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.SideBySide.Work;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where one innocent plays: its own small pool with the defaults of pgheal, or one that it shares, its row, its lines in
 * the ledger, and those who wait for it: somebody outside and a statement of ours for the row, and threads for a
 * connection of the pool.
 */
final class Stage implements AutoCloseable {
    /** Tells the sessions of the waiters from all others. */
    private static final String OUTSIDE = "-outside";

    private static final String OURS = "-ours";

    private static final Duration LONG = Duration.ofSeconds(60);

    final String name;
    final SelfHealingDataSource guarded;
    private final PostgresServer server;
    private final Innocent played;
    private final @Nullable Lender pool;
    private final CountDownLatch slow = new CountDownLatch(1);
    private final CountDownLatch loss = new CountDownLatch(1);
    private final CountDownLatch over = new CountDownLatch(1);
    private final List<AutoCloseable> ends = new CopyOnWriteArrayList<>();
    private final List<CompletableFuture<Void>> waiters = new ArrayList<>();
    private final CompletableFuture<Void> innocent;
    private String wanted;
    private int lines = 2;
    private int lockWaiters = 2;
    private boolean toBeTold = true;
    private volatile boolean insideTransaction;

    private Stage(
            PostgresServer server,
            UnaryOperator<SelfHealingDataSource.Builder> clock,
            Innocent innocent,
            HealingConfig config)
            throws SQLException {
        this.server = server;
        this.name = innocent.name();
        this.played = innocent;
        int slots = innocent.connections() + 1; // one for the statement of ours that waits
        this.pool = innocent.lender().open(server, name, slots);
        this.guarded = clock.apply(pool.guarded())
                .config(config)
                .insideTransaction(() -> insideTransaction)
                .build();
        this.wanted = ownRow();
        this.innocent = play(innocent);
    }

    /** Shares the pool with others. */
    private Stage(PostgresServer server, SelfHealingDataSource guarded, Innocent innocent) {
        this.server = server;
        this.name = innocent.name();
        this.played = innocent;
        this.pool = null;
        this.guarded = guarded;
        this.wanted = ownRow();
        this.innocent = play(innocent);
    }

    private String ownRow() {
        return "UPDATE account SET waited = waited + 1 WHERE who = '" + name + "'";
    }

    /** A healer that has not come to its server yet would spare everybody. */
    private CompletableFuture<Void> play(Innocent innocent) {
        await().atMost(LONG).until(() -> guarded.healer().connected());
        return inThread(name, () -> innocent.work(this));
    }

    static void createTables(PostgresServer server) throws SQLException {
        server.app()
                .run(
                        "CREATE OR REPLACE FUNCTION become_leader(key int) RETURNS void LANGUAGE plpgsql AS"
                                + " 'BEGIN PERFORM pg_advisory_lock(key); END'",
                        "CREATE TABLE IF NOT EXISTS account (who text PRIMARY KEY, waited int NOT NULL DEFAULT 0)",
                        "CREATE TABLE IF NOT EXISTS ledger (who text, line text)");
    }

    /** The innocent begins. The caller closes the stage. */
    static Stage open(PostgresServer server, UnaryOperator<SelfHealingDataSource.Builder> clock, Innocent innocent)
            throws SQLException {
        // By all defaults, but for what other tests have left in the heap.
        HealingConfig defaults =
                HealingConfig.builder().proofLongestStop(Duration.ofMinutes(1)).build();
        return open(server, clock, innocent, defaults);
    }

    static Stage open(
            PostgresServer server,
            UnaryOperator<SelfHealingDataSource.Builder> clock,
            Innocent innocent,
            HealingConfig config)
            throws SQLException {
        insertRow(server, innocent);
        return new Stage(server, clock, innocent, config);
    }

    /** The same in a pool that it shares with others, and that it leaves open. */
    static Stage in(SelfHealingDataSource guarded, PostgresServer server, Innocent innocent) throws SQLException {
        insertRow(server, innocent);
        return new Stage(server, guarded, innocent);
    }

    private static void insertRow(PostgresServer server, Innocent innocent) throws SQLException {
        server.app().run("INSERT INTO account (who) VALUES ('" + innocent.name() + "')");
    }

    // ---- for the innocent

    /** What the waiters wait for, if it is not the innocent's row. */
    void wanted(String sql) {
        wanted = sql;
    }

    /** Its pool is exhausted, and that is all. */
    void nobodyWaitsForALock() {
        lockWaiters = 0;
    }

    /** Nothing is in anybody's way. */
    void nothingToTell() {
        toBeTold = false;
    }

    /** How many lines the whole work writes into the ledger; two, unless it says otherwise. */
    void lines(int number) {
        lines = number;
    }

    void insideTransaction(boolean value) {
        insideTransaction = value;
    }

    /** Borrows, begins a transaction, writes the first line, and locks the row. */
    Connection begin() throws SQLException {
        Connection connection = guarded.getConnection();
        begin(connection);
        return connection;
    }

    void begin(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        write(connection, "begun");
        lockRow(connection);
    }

    void lockRow(Connection connection) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("UPDATE account SET waited = 0 WHERE who = ?")) {
            update.setString(1, name);
            assertThat(update.executeUpdate()).isOne();
        }
    }

    /** Writes the second line, commits and gives back. */
    void end(Connection connection) throws SQLException {
        write(connection, "ended");
        connection.commit();
        connection.close();
    }

    void write(Connection connection, String line) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO ledger VALUES (?, ?)")) {
            insert.setString(1, name);
            insert.setString(2, line);
            insert.executeUpdate();
        }
    }

    /** From here on the innocent is slow, in its own way. */
    void slow() {
        slow.countDown();
    }

    boolean isOver() {
        return over.getCount() == 0;
    }

    void awaitOver() throws InterruptedException {
        over.await();
    }

    void awaitLoss() throws InterruptedException {
        loss.await();
    }

    /** With one thread, so that it is idle between two tasks. */
    ExecutorService executor() {
        ExecutorService executor = Executors.newFixedThreadPool(1);
        shutDownAtTheEnd(executor);
        return executor;
    }

    void shutDownAtTheEnd(ExecutorService executor) {
        ends.add(executor::shutdownNow);
    }

    void atTheEnd(AutoCloseable end) {
        ends.add(end);
    }

    void notifyFromOutside(String channel) throws SQLException {
        server.app().run("NOTIFY " + channel);
    }

    /** The whole work is committed. */
    void awaitLines() {
        await().atMost(LONG).until(() -> linesWritten() == lines);
    }

    // ---- for the test

    void awaitWaiters() throws Exception {
        awaitLockWaiters();
        while (!played.alone() && !pool.isExhausted()) {
            CountDownLatch came = new CountDownLatch(1);
            waiters.add(inThread(name + "-slot", () -> {
                try (Connection connection = guarded.getConnection()) {
                    came.countDown();
                    over.await();
                    assertThat(connection.isClosed()).isFalse();
                }
            }));
            await().atMost(LONG).until(() -> came.getCount() == 0 || pool.isExhausted());
        }
    }

    void awaitLockWaiters() throws Exception {
        await().atMost(LONG).until(() -> slow.getCount() == 0 || innocent.isDone());
        if (innocent.isDone()) {
            innocent.get();
        }
        if (played.alone()) {
            nobodyWaitsForALock();
            nothingToTell();
        }
        if (lockWaiters > 0) {
            waitForItsLock();
        }
    }

    private void waitForItsLock() {
        waiters.add(inThread(name + OUTSIDE, () -> {
            try (Connection connection = server.app().connect(name + OUTSIDE)) {
                Sql.run(connection, wanted);
            }
        }));
        waiters.add(inThread(name + OURS, () -> {
            try (Connection connection = guarded.getConnection()) {
                Sql.run(connection, "SET application_name = '" + name + OURS + "'", wanted, "RESET application_name");
            }
        }));
        await().atMost(LONG).until(() -> waitingSessions() >= lockWaiters);
    }

    /** Of those two, that wait for what the innocent holds. */
    private long waitingSessions() throws SQLException {
        return server.app()
                .number(
                        "SELECT count(DISTINCT application_name) FROM pg_stat_activity"
                                + " WHERE wait_event_type = 'Lock' AND application_name IN (?, ?)",
                        name + OURS,
                        name + OUTSIDE);
    }

    /** The innocent goes on to its end, and nothing was done to it by a healer that saw it all the time. */
    void finish() throws Exception {
        assertThat(guarded.incidents())
                .as("%s: never touched", name)
                .allMatch(incident -> incident.outcome() == OutcomeKind.REPORTED);
        if (toBeTold) { // a healer that is blind would spare everybody, too
            assertThat(guarded.incidents())
                    .as("%s: told", name)
                    .anyMatch(incident -> incident.lease() != null
                            && (lockWaiters == 0 || !incident.waiters().isEmpty())
                            && played.told().isSaidBy(incident.reason()));
        } else {
            assertThat(guarded.incidents())
                    .as("%s: told, where it is told of", name)
                    .allMatch(incident -> played.told().isSaidBy(incident.reason()));
        }
        assertThat(guarded.healer().connected()).isTrue();
        assertThat(guarded.healer().trouble()).as("%s: its healer", name).isEmpty();
        goOn();
        assertThat(guarded.mode()).isEqualTo(HealingMode.HEAL);
        assertThat(guarded.incidents()).allMatch(incident -> incident.outcome() == OutcomeKind.REPORTED);
    }

    /** Now nobody can come back to it: whoever waits gets what it had, by the collector's word and no other. */
    void loseAndAwaitHeal() throws Exception {
        loss.countDown();
        await().atMost(LONG).until(() -> {
            System.gc();
            return guarded.incidents().stream().anyMatch(incident -> incident.outcome() != OutcomeKind.REPORTED)
                    && waiters.stream().limit(lockWaiters).allMatch(CompletableFuture::isDone);
        });
        for (CompletableFuture<Void> waiter : waiters.subList(0, lockWaiters)) {
            waiter.get();
        }
        assertThat(guarded.incidents())
                .filteredOn(incident -> incident.outcome() != OutcomeKind.REPORTED)
                .singleElement()
                .satisfies(healed -> {
                    // On a busy machine the server may not confirm in time what those who waited have seen.
                    assertThat(healed.outcome()).isIn(OutcomeKind.HEALED, OutcomeKind.RELEASED_UNVERIFIED);
                    assertThat(healed.evidence())
                            .extracting(Evidence::kind, Evidence::strength)
                            .contains(tuple(EvidenceKind.HANDLE_UNREACHABLE, Strength.CERTAIN));
                });
        assertThat(server.app()
                        .number("SELECT count(*) FILTER (WHERE line = 'begun') - count(*) FILTER (WHERE line = 'ended')"
                                + " FROM ledger WHERE who = '" + name + "'"))
                .as("%s: nothing of what was lost is committed", name)
                .isZero();
        await().atMost(LONG).until(() -> !pool.isExhausted());
        assertThat(innocent).as("%s: its thread lives on", name).isNotDone();
        over.countDown();
        innocent.get();
        for (CompletableFuture<Void> waiter : waiters) {
            waiter.get(); // a pool that is closed while it lends may leave a session behind
        }
    }

    /** The innocent goes on to its end, then those who waited. By its own ledger and its own exceptions. */
    void goOn() throws Exception {
        assertThat(waitingSessions()).as("%s: those who wait still do", name).isEqualTo(lockWaiters);
        over.countDown();
        innocent.get();
        for (CompletableFuture<Void> waiter : waiters) {
            waiter.get();
        }
        assertThat(linesWritten()).as("%s: lines in its ledger", name).isEqualTo(lines);
    }

    private long linesWritten() throws SQLException {
        return server.app().number("SELECT count(*) FROM ledger WHERE who = ?", name);
    }

    static CompletableFuture<Void> inThread(String name, Work work) {
        return new SideBySide().start(name, work);
    }

    @Override
    public void close() throws Exception {
        loss.countDown();
        over.countDown();
        for (AutoCloseable end : ends) {
            end.close();
        }
        if (pool != null) {
            guarded.close();
            pool.close();
        }
    }
}
