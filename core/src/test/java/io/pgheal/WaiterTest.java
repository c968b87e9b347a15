package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.resilience4j.retry.Retry;
import io.pgheal.decide.Retained;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.innocent.FakeTime;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.HeldUpException;
import io.pgheal.track.LeaseView;
import io.pgheal.track.LockHolder;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.util.PSQLException;

/** The other side of a story: what a statement that failed to get its lock is told, and what is learned from it. */
@Tag("thorough")
class WaiterTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final Duration STEP = Duration.ofMillis(50);

    private final List<Object> kept = Collections.synchronizedList(new ArrayList<>());
    private final ExecutorService worker = Executors.newFixedThreadPool(1);
    private final ExecutorService waiters = Executors.newCachedThreadPool();
    private final FakeTime time = new FakeTime();
    private GuardedPool pool;

    /** The watch's clock stands still but for what the test lets pass. */
    private void start(UnaryOperator<HealingConfig.Builder> config) throws SQLException {
        pool = GuardedPool.on(SERVER, config, builder -> builder.ticker(time));
    }

    private void startInRealTime(UnaryOperator<HealingConfig.Builder> config) throws SQLException {
        pool = GuardedPool.on(SERVER, config);
    }

    @AfterEach
    void stop() {
        worker.shutdownNow();
        waiters.shutdownNow();
        if (pool != null) {
            pool.close();
        }
    }

    /** Everybody's login. One place in the code. */
    private void login(String limit, String update) throws SQLException {
        try (Connection connection = pool.guarded.getConnection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET LOCAL " + limit);
                statement.execute(update);
                connection.commit();
            } catch (SQLException e) {
                connection.rollback();
                throw e;
            }
        }
    }

    private static String update(String username) {
        return "UPDATE user_login_info SET logins = logins + 1 WHERE username = '" + username + "'";
    }

    private SQLException failedLogin(String limit, String update) {
        SQLException failure = catchThrowableOfType(SQLException.class, () -> login(limit, update));
        assertThat((Throwable) failure).as("the login must fail").isNotNull();
        return failure;
    }

    private SQLException failedLogin(String username, Duration limit) {
        return failedLogin("lock_timeout = " + limit.toMillis(), update(username));
    }

    /** Its lock timeout strikes when the test says so. */
    private Future<SQLException> loginUntilItIsCut(String username) {
        return waiters.submit(() -> failedLogin(
                "lock_timeout = 0",
                "DO $$ BEGIN " + update(username) + "; EXCEPTION WHEN query_canceled THEN"
                        + " RAISE EXCEPTION 'lock timeout' USING ERRCODE = '55P03'; END $$"));
    }

    /** Whoever waits for a lock is cancelled. */
    private void cut() throws SQLException {
        try (Connection outside = pool.outside("somebody");
                Statement statement = outside.createStatement()) {
            statement.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                    + " WHERE wait_event_type = 'Lock' AND datname = current_database()");
        }
    }

    /** Until it is known whom one of ours waits for, however slow the machine. */
    private void awaitTold() {
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            time.pass(STEP, STEP);
            return pool.guarded.healer().waitersBlocked() == 1;
        });
    }

    private SQLException cutLogin(String username) throws Exception {
        Future<SQLException> failure = loginUntilItIsCut(username);
        awaitTold();
        cut();
        return failure.get();
    }

    /** One that is cancelled as soon as it is told whom it waits for. */
    private SQLException loginUntilItIsSeen(String username) throws Exception {
        Future<SQLException> failure = waiters.submit(() -> failedLogin("lock_timeout = 0", update(username)));
        awaitTold();
        assertThat(stuckLock().waiters()).hasSize(1);
        cut();
        SQLException cancelled = failure.get();
        assertThat(cancelled.getSQLState()).isEqualTo("57014");
        assertThat(HeldUpException.in(cancelled)).isPresent();
        return cancelled;
    }

    private Incident stuckLock() {
        return pool.incidents(OutcomeKind.REPORTED).stream()
                .filter(incident -> incident.diagnosis() == DiagnosisKind.STUCK_LOCK)
                .findFirst()
                .orElseThrow();
    }

    private List<Incident> unseen() {
        return pool.guarded.incidents().stream()
                .filter(incident -> incident.diagnosis() == DiagnosisKind.HOLDER_NOT_SEEN)
                .toList();
    }

    private int leak() throws Exception {
        return GuardedPool.byAThreadThatEnded(() -> {
            Connection connection = pool.guarded.getConnection();
            kept.add(connection);
            int pid = Sql.pid(connection);
            connection.setAutoCommit(false);
            GuardedPool.update(connection, "alice");
            return pid;
        });
    }

    @Test
    void whoWaitedForAnAbandonedTransactionIsToldThatItWillBeHealedAndItsTransactionIsRetried() throws Exception {
        start(config -> config.abandonedRetained(Retained.HEAL));
        int pid = leak();

        List<SQLException> failures = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger attempts = new AtomicInteger();
        Future<?> logins =
                waiters.submit(() -> Retry.of("login", HealedRetry.config()).executeCallable(() -> {
                    if (attempts.incrementAndGet() == 1) {
                        SQLException failure = loginUntilItIsCut("alice").get();
                        failures.add(failure);
                        throw failure;
                    }
                    login("lock_timeout = 0", update("alice"));
                    return null;
                }));
        awaitTold();
        cut();
        await().until(() -> !failures.isEmpty());
        SQLException failure = failures.get(0);

        assertThat((Throwable) failure).isInstanceOf(PSQLException.class);
        assertThat(failure.getSQLState()).isEqualTo("55P03");
        assertThat(failure.getSuppressed()).singleElement().isInstanceOf(HeldUpException.class);
        LockHolder holder = HeldUpException.in(failure).orElseThrow();
        assertThat(holder.ours()).isTrue();
        assertThat(holder.backendPid()).isEqualTo(pid);
        assertThat(holder.leaseId()).isNotNull();
        assertThat(holder.table()).isEqualTo("user_login_info");
        assertThat(holder.thread()).as("it has ended").isIn("leaver", null);
        assertThat(holder.borrowedAt()).contains("WaiterTest");
        assertThat(holder.fate()).isEqualTo(LockHolder.Fate.DUE);
        assertThat(holder.dueIn()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(2));
        assertThat(failure.getSuppressed()[0].getMessage())
                .contains("waited for user_login_info, held by backend " + pid)
                .contains("it will be healed if its owner stays silent")
                .doesNotContain("alice");
        assertThat(pool.incidents(OutcomeKind.HEALED)).isEmpty();

        await().atMost(Duration.ofSeconds(60)).until(() -> {
            time.pass(STEP, STEP);
            return logins.isDone();
        });
        logins.get();
        assertThat(pool.logins("alice")).isOne();
        assertThat(attempts.get()).isEqualTo(2);
        pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(unseen()).isEmpty();
        pool.assertAllSlotsBack();
    }

    @Test
    void whoWaitedForALiveOwnerIsToldThatItIsLeftAlone() throws Exception {
        start(config -> config);
        Connection live = pool.beginLogin("alice");
        Future<SQLException> login = loginUntilItIsCut("alice");
        awaitTold();
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            time.pass(STEP, STEP);
            return stuckLock().reason().contains("retained");
        });
        cut();
        SQLException failure = login.get();
        LockHolder holder = HeldUpException.in(failure).orElseThrow();
        assertThat(holder.ours()).isTrue();
        assertThat(holder.fate()).isEqualTo(LockHolder.Fate.LEFT_ALONE);
        assertThat(holder.incidentId()).isEqualTo(stuckLock().id());
        assertThat(holder.thread()).isEqualTo(Thread.currentThread().getName());
        assertThat(HealedRetry.helps(failure)).isFalse();
        live.commit();
        live.close();
        assertThat(pool.logins("alice")).isOne();
    }

    @Test
    void whoWaitedForSomebodyElseIsToldThatItIsNotOurs() throws Exception {
        start(config -> config);
        try (Connection foreign = pool.outside("billing")) {
            foreign.setAutoCommit(false);
            GuardedPool.update(foreign, "alice");
            SQLException failure = cutLogin("alice");
            LockHolder holder = HeldUpException.in(failure).orElseThrow();
            assertThat(holder.ours()).isFalse();
            assertThat(holder.applicationName()).isEqualTo("billing");
            assertThat(holder.backendPid()).isEqualTo(Sql.pid(foreign));
            assertThat(HealedRetry.helps(failure)).isFalse();
            foreign.rollback();
        }
    }

    /** The first one fails before anybody looks; that teaches its place, and the next one is seen while it waits. */
    @Test
    void theFirstWaiterIsToldAsUnseenAndTheNextOneIsSeen() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMinutes(5)));
        Connection live = pool.beginLogin("alice");

        Future<SQLException> failed = loginUntilItIsCut("alice");
        pool.awaitLockWait(1);
        time.pass(Duration.ofMillis(500), STEP);
        cut();
        SQLException first = failed.get();
        assertThat(first.getSQLState()).isEqualTo("55P03");
        assertThat(first.getSuppressed()).isEmpty();
        await().until(() -> !unseen().isEmpty());
        Incident incident = unseen().get(0);
        assertThat(incident.outcome()).isEqualTo(OutcomeKind.REPORTED);
        assertThat(incident.culprit()).isNull();
        assertThat(incident.tableUnknown()).isTrue();
        assertThat(incident.waiters()).singleElement().satisfies(waiter -> {
            assertThat(waiter.statement()).startsWith("DO").doesNotContain("alice");
            assertThat(waiter.waited()).isBetween(Duration.ofMillis(450), Duration.ofMillis(500));
        });
        assertThat(incident.lease().borrowStack().get(0)).contains("WaiterTest.login");

        assertThat(HeldUpException.in(cutLogin("alice"))).isPresent();
        assertThat(unseen()).hasSize(1);
        live.rollback();
        live.close();
    }

    /**
     * Far under what the loop looks at without having learned; looks at the server are four a second at most. How short a wait
     * can be seen is a matter of the machine.
     */
    @Test
    void aShortLockTimeoutIsSeenToo() throws Exception {
        startInRealTime(config -> config.lockWaitThreshold(Duration.ofMinutes(5)));
        Connection live = pool.beginLogin("alice");
        Duration limit = Duration.ofMillis(120);
        while (HeldUpException.in(failedLogin("alice", limit)).isEmpty()) {
            limit = limit.plusMillis(10);
        }
        live.rollback();
        live.close();
    }

    @Test
    void unseenHoldersOfOnePlaceAreNoFlood() throws Exception {
        start(config -> config.borrowStacks(0)); // nothing is learned, so none of them is ever seen
        Connection live = pool.beginLogin("alice");
        for (int i = 0; i < 20; i++) {
            assertThat(failedLogin("alice", Duration.ofMillis(10)).getSQLState())
                    .isEqualTo("55P03");
        }
        await().until(() -> !unseen().isEmpty());
        time.pass(Duration.ofSeconds(1), STEP); // by now all of them were heard of, and what came of it was done
        assertThat(unseen()).hasSize(1);
        live.rollback();
        live.close();
    }

    /** It may have been merely slow: nobody is told that it waited. But if it did, the next one is seen. */
    @Test
    void aCancelledStatementIsNoUnseenHolder() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMinutes(5)));
        Connection live = pool.beginLogin("alice");
        SQLException first = failedLogin("statement_timeout = '500ms'", update("alice"));
        assertThat(first.getSQLState()).isEqualTo("57014");
        SQLException next = loginUntilItIsSeen("alice");
        assertThat(HealedRetry.helps(next)).isFalse();
        assertThat(unseen()).isEmpty();
        live.rollback();
        live.close();
    }

    private void execute(String what) throws SQLException {
        try (Connection connection = pool.guarded.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(what);
        }
    }

    /** Questions that were asked while a statement, but for its literals a DO, ran for so long, and waited for no lock. */
    private long askedAbout(Duration slow) throws Exception {
        Gate gate = new Gate(SERVER);
        long before = pool.guarded.healer().queries();
        Future<?> works = waiters.submit(() -> {
            execute(gate.statement());
            return null;
        });
        await().until(() -> pool.guarded.leases().stream().anyMatch(LeaseView::callInProgress));
        time.pass(slow);
        gate.open();
        works.get();
        return pool.guarded.healer().queries() - before;
    }

    @Test
    void nowaitIsAnAnswerAndNoTrouble() throws Exception {
        start(config -> config);
        Connection live = pool.beginLogin("alice");
        long before = pool.guarded.healer().queries();
        for (int i = 0; i < 20; i++) {
            SQLException refused = catchThrowableOfType(
                    SQLException.class,
                    () -> execute("SELECT 1 FROM user_login_info WHERE username = 'alice' FOR UPDATE NOWAIT"));
            assertThat(refused.getSQLState()).isEqualTo("55P03");
        }
        askedAbout(Duration.ofMillis(400)); // a place that was taught would be asked about now
        assertThat(pool.guarded.healer().queries() - before)
                .as("at most the identity of a new connection")
                .isLessThanOrEqualTo(2);
        assertThat(unseen()).isEmpty();
        live.rollback();
        live.close();
    }

    /** What a failure taught is forgotten when it leads nowhere: healthy work is not asked about for ever. */
    @Test
    void aStatementThatIsMerelySlowIsSoonLeftInPeace() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMillis(1000)));
        Connection live = pool.beginLogin("alice");
        SQLException refused = failedLogin("lock_timeout = 100", "DO $$ BEGIN " + update("alice") + "; END $$");
        assertThat(refused.getSQLState()).isEqualTo("55P03");
        live.rollback();
        live.close();
        assertThat(askedAbout(Duration.ofMillis(400))).as("it was taught").isPositive();
        for (int i = 0; i < 12; i++) {
            askedAbout(Duration.ofMillis(400));
        }
        for (int i = 0; i < 3; i++) {
            assertThat(askedAbout(Duration.ofMillis(400))).isZero();
        }
    }

    // ---- work that may take long

    /** Others stand in the way by the same limit all the while: it is over for them. */
    @Test
    void aLongTransactionIsSafeFromTimeLimitsAndThenTheyCountFromItsEnd() throws Exception {
        Duration limit = Duration.ofSeconds(1);
        startInRealTime(
                config -> config.lockWaitThreshold(Duration.ofMillis(100)).idleBlockerTimeout(limit));
        pool.hikari.setMaximumPoolSize(GuardedPool.SLOTS + 2);
        Connection before = pool.beginLogin("alice");
        kept.add(before);
        try (var work = pool.guarded.longTransaction(Duration.ofMinutes(5))) {
            Connection inside = pool.beginLogin("bob");
            var alice = pool.login("alice");
            var bob = pool.login("bob");
            await().until(() -> pool.incidents(OutcomeKind.REPORTED).size() >= 2);
            CompletableFuture<Integer> other = new CompletableFuture<>();
            worker.submit(() -> {
                Connection connection = pool.beginLogin("carol");
                kept.add(connection);
                other.complete(Sql.pid(connection));
                new CountDownLatch(1).await(); // alive, and at work
                return null;
            });
            assertThat(other.get()).isPositive();
            pool.login("carol").get();
            Incident over = pool.awaitIncident(OutcomeKind.HEALED);
            assertThat(over.culprit().pid()).isEqualTo(other.get());
            assertThat(over.reason()).contains("idle-blocker-timeout");
            assertThat(pool.incidents(OutcomeKind.HEALED)).hasSize(1);
            assertThat(alice).isNotDone();
            inside.commit();
            inside.close();
            bob.get();
        }
        await().until(() -> pool.incidents(OutcomeKind.HEALED).size() == 2);
        assertThat(pool.incidents(OutcomeKind.HEALED).get(0).silence()).isGreaterThanOrEqualTo(limit);
    }

    // ---- spared by a tag

    @Test
    void aTransactionThatRanATaggedStatementIsSparedHoweverLongAgo() throws Exception {
        startInRealTime(config -> config.abandonedGrace(Duration.ofMillis(100))
                .abandonedPatience(Duration.ofMillis(200))
                .abandonedRetained(Retained.HEAL)
                .spareStatementTags(java.util.Set.of("nightly-import")));
        Connection leaked = worker.submit(() -> {
                    try (var scope = pool.guarded.scope("import")) {
                        Connection connection = pool.beginLogin("alice");
                        try (Statement statement = connection.createStatement()) {
                            statement.execute("/* nightly-import */ SELECT 1");
                            for (int i = 0; i < 20; i++) {
                                statement.execute("SELECT " + i);
                            }
                        }
                        return connection;
                    }
                })
                .get();
        kept.add(leaked);
        Incident spared = pool.awaitIncident(OutcomeKind.WOULD_HEAL);
        assertThat(spared.reason()).contains("pgheal.spare.statement-tags has nightly-import");
        // the next transaction is not tagged
        worker.submit(() -> {
                    leaked.commit();
                    GuardedPool.update(leaked, "bob");
                    return null;
                })
                .get();
        worker.shutdown();
        pool.awaitIncident(OutcomeKind.HEALED);
    }

    @Test
    void aTaggedStatementOfABatchCountsToo() throws Exception {
        startInRealTime(config -> config.abandonedGrace(Duration.ofMillis(100))
                .abandonedPatience(Duration.ofMillis(200))
                .abandonedRetained(Retained.HEAL)
                .spareStatementTags(java.util.Set.of("nightly-import")));
        worker.submit(() -> {
                    Connection connection = pool.guarded.getConnection();
                    kept.add(connection);
                    connection.setAutoCommit(false);
                    try (Statement statement = connection.createStatement()) {
                        statement.addBatch("UPDATE user_login_info SET logins = 1 /* nightly-import */");
                        statement.addBatch("UPDATE user_login_info SET logins = 2");
                        statement.executeBatch();
                    }
                    return null;
                })
                .get();
        worker.shutdown();
        assertThat(pool.awaitIncident(OutcomeKind.WOULD_HEAL).reason()).contains("nightly-import");
        assertThat(pool.incidents(OutcomeKind.HEALED)).isEmpty();
    }
}
