package io.pgheal;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.resilience4j.retry.Retry;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.HeldUpException;
import io.pgheal.track.LockHolder;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.util.PSQLException;

/** The other side of a story: what a statement that failed to get its lock is told, and what is learned from it. */
@Timeout(120)
class WaiterTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final List<Object> kept = Collections.synchronizedList(new ArrayList<>());
    private final ExecutorService worker = Executors.newFixedThreadPool(1);
    private GuardedPool pool;

    private void start(UnaryOperator<HealingConfig.Builder> config) throws SQLException {
        pool = GuardedPool.on(SERVER, config);
    }

    @AfterEach
    void stop() {
        worker.shutdownNow();
        if (pool != null) {
            pool.close();
        }
    }

    /** A login that waits no longer than that. One place in the code. */
    private void login(String username, String limit) throws SQLException {
        try (Connection connection = pool.guarded.getConnection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET LOCAL " + limit);
                statement.execute("UPDATE user_login_info SET logins = logins + 1 WHERE username = '" + username + "'");
                connection.commit();
            } catch (SQLException e) {
                connection.rollback();
                throw e;
            }
        }
    }

    private SQLException failedLogin(String username, String limit) {
        SQLException failure = catchThrowableOfType(SQLException.class, () -> login(username, limit));
        assertThat((Throwable) failure).as("the login must fail").isNotNull();
        return failure;
    }

    /** One that waits until it is told of, however slow the machine, and is cancelled then. */
    private SQLException loginUntilItIsSeen(String username) throws Exception {
        Future<SQLException> failure = worker.submit(() -> failedLogin(username, "lock_timeout = 0"));
        Incident told = await().atMost(Duration.ofSeconds(60)).until(this::stuckLock, Objects::nonNull);
        assertThat(told.waiters()).hasSize(1);
        try (Connection outside = pool.outside("somebody");
                Statement statement = outside.createStatement()) {
            statement.execute(
                    "SELECT pg_cancel_backend(" + told.waiters().get(0).pid() + ")");
        }
        SQLException cancelled = failure.get(30, SECONDS);
        assertThat(cancelled.getSQLState()).isEqualTo("57014");
        assertThat(HeldUpException.in(cancelled)).isPresent();
        return cancelled;
    }

    private Incident stuckLock() {
        return pool.incidents(OutcomeKind.REPORTED).stream()
                .filter(incident -> incident.diagnosis() == DiagnosisKind.STUCK_LOCK)
                .findFirst()
                .orElse(null);
    }

    private List<Incident> unseen() {
        return pool.guarded.incidents().stream()
                .filter(incident -> incident.diagnosis() == DiagnosisKind.HOLDER_NOT_SEEN)
                .toList();
    }

    private int leakInWorker() throws Exception {
        return worker.submit(() -> {
                    Connection connection = pool.guarded.getConnection();
                    kept.add(connection);
                    int pid = GuardedPool.pid(connection);
                    connection.setAutoCommit(false);
                    GuardedPool.update(connection, "alice");
                    return pid;
                })
                .get(10, SECONDS);
    }

    @Test
    void whoWaitedForAnAbandonedTransactionIsToldThatItWillBeHealedAndItsTransactionIsRetried() throws Exception {
        start(config -> config.abandonedGrace(Duration.ofSeconds(4)));
        int pid = leakInWorker();

        SQLException failure = failedLogin("alice", "lock_timeout = '2s'");

        assertThat((Throwable) failure).isInstanceOf(PSQLException.class);
        assertThat(failure.getSQLState()).isEqualTo("55P03");
        assertThat(failure.getSuppressed()).singleElement().isInstanceOf(HeldUpException.class);
        LockHolder holder = HeldUpException.in(failure).orElseThrow();
        assertThat(holder.ours()).isTrue();
        assertThat(holder.backendPid()).isEqualTo(pid);
        assertThat(holder.leaseId()).isNotNull();
        assertThat(holder.table()).isEqualTo("user_login_info");
        assertThat(holder.thread()).startsWith("pool-");
        assertThat(holder.borrowedAt()).contains("WaiterTest");
        assertThat(holder.fate()).isEqualTo(LockHolder.Fate.DUE);
        assertThat(holder.dueIn()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(4));
        assertThat(failure.getSuppressed()[0].getMessage())
                .contains("waited for user_login_info, held by backend " + pid)
                .contains("it will be healed if its owner stays silent")
                .doesNotContain("alice");

        AtomicInteger attempts = new AtomicInteger();
        Retry.of("login", HealedRetry.config(20)).executeCallable(() -> {
            attempts.incrementAndGet();
            login("alice", "lock_timeout = '2s'");
            return null;
        });
        assertThat(pool.logins("alice")).isOne();
        assertThat(attempts.get()).isGreaterThanOrEqualTo(1);
        pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(unseen()).isEmpty();
        pool.assertAllSlotsBack();
    }

    @Test
    void whoWaitedForALiveOwnerIsToldThatItIsLeftAlone() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMillis(200)));
        Connection live = pool.beginLogin("alice");
        SQLException failure = failedLogin("alice", "lock_timeout = '3s'");
        LockHolder holder = HeldUpException.in(failure).orElseThrow();
        assertThat(holder.ours()).isTrue();
        assertThat(holder.fate()).isEqualTo(LockHolder.Fate.LEFT_ALONE);
        assertThat(holder.incidentId())
                .isEqualTo(pool.awaitIncident(OutcomeKind.REPORTED).id());
        assertThat(holder.thread()).isEqualTo(Thread.currentThread().getName());
        assertThat(HealedRetry.helps(failure)).isFalse();
        live.commit();
        live.close();
        assertThat(pool.logins("alice")).isOne();
    }

    @Test
    void whoWaitedForSomebodyElseIsToldThatItIsNotOurs() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMillis(200)));
        try (Connection foreign = pool.outside("billing")) {
            foreign.setAutoCommit(false);
            GuardedPool.update(foreign, "alice");
            SQLException failure = failedLogin("alice", "lock_timeout = '3s'");
            LockHolder holder = HeldUpException.in(failure).orElseThrow();
            assertThat(holder.ours()).isFalse();
            assertThat(holder.applicationName()).isEqualTo("billing");
            assertThat(holder.backendPid()).isEqualTo(GuardedPool.pid(foreign));
            assertThat(HealedRetry.helps(failure)).isFalse();
            foreign.rollback();
        }
    }

    /** The first one fails before anybody looks; that teaches its place, and the next one is seen while it waits. */
    @Test
    void theFirstWaiterIsToldAsUnseenAndTheNextOneIsSeen() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMinutes(5)));
        Connection live = pool.beginLogin("alice");

        SQLException first = failedLogin("alice", "lock_timeout = '500ms'");
        assertThat(first.getSQLState()).isEqualTo("55P03");
        assertThat(first.getSuppressed()).isEmpty();
        await().until(() -> !unseen().isEmpty());
        Incident incident = unseen().get(0);
        assertThat(incident.outcome()).isEqualTo(OutcomeKind.REPORTED);
        assertThat(incident.culprit()).isNull();
        assertThat(incident.tableUnknown()).isTrue();
        assertThat(incident.waiters()).singleElement().satisfies(waiter -> {
            assertThat(waiter.statement()).startsWith("UPDATE user_login_info").doesNotContain("alice");
            assertThat(waiter.waited()).isBetween(Duration.ofMillis(300), Duration.ofSeconds(30));
        });
        assertThat(incident.lease().borrowStack().get(0)).contains("WaiterTest.login");

        loginUntilItIsSeen("alice");
        assertThat(unseen()).hasSize(1);
        live.rollback();
        live.close();
    }

    /** Far under what the loop looks at without having learned; looks at the server are four a second at most. */
    @Test
    void aShortLockTimeoutIsSeenToo() throws Exception {
        start(config -> config);
        Connection live = pool.beginLogin("alice");
        int seen = 0;
        for (int i = 0; i < 40; i++) {
            if (HeldUpException.in(failedLogin("alice", "lock_timeout = '120ms'"))
                    .isPresent()) {
                seen++;
            }
        }
        System.out.println("of 40 waiters of 120 ms the holder was known to " + seen);
        assertThat(seen).isPositive();
        live.rollback();
        live.close();
    }

    @Test
    void unseenHoldersOfOnePlaceAreNoFlood() throws Exception {
        start(config -> config.borrowStacks(0)); // nothing is learned, so none of them is ever seen
        Connection live = pool.beginLogin("alice");
        for (int i = 0; i < 20; i++) {
            assertThat(failedLogin("alice", "lock_timeout = '10ms'").getSQLState())
                    .isEqualTo("55P03");
        }
        await().until(() -> !unseen().isEmpty());
        await().during(Duration.ofMillis(500)).until(() -> unseen().size() == 1);
        live.rollback();
        live.close();
    }

    /** It may have been merely slow: nobody is told that it waited. But if it did, the next one is seen. */
    @Test
    void aCancelledStatementIsNoUnseenHolder() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMinutes(5)));
        Connection live = pool.beginLogin("alice");
        SQLException first = failedLogin("alice", "statement_timeout = '500ms'");
        assertThat(first.getSQLState()).isEqualTo("57014");
        SQLException next = loginUntilItIsSeen("alice");
        assertThat(HealedRetry.helps(next)).isFalse();
        assertThat(unseen()).isEmpty();
        live.rollback();
        live.close();
    }

    @Test
    void nowaitIsAnAnswerAndNoTrouble() throws Exception {
        start(config -> config);
        Connection live = pool.beginLogin("alice");
        long before = pool.guarded.healer().queries();
        for (int i = 0; i < 20; i++) {
            try (Connection connection = pool.guarded.getConnection();
                    Statement statement = connection.createStatement()) {
                SQLException refused = catchThrowableOfType(
                        SQLException.class,
                        () -> statement.execute(
                                "SELECT 1 FROM user_login_info WHERE username = 'alice' FOR UPDATE NOWAIT"));
                assertThat(refused.getSQLState()).isEqualTo("55P03");
            }
        }
        // a place that was taught would be asked about now
        try (Connection connection = pool.guarded.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_sleep(0.2)");
        }
        assertThat(pool.guarded.healer().queries() - before)
                .as("at most the identity of a new connection")
                .isLessThanOrEqualTo(2);
        assertThat(unseen()).isEmpty();
        live.rollback();
        live.close();
    }

    private void sleepOrFail(String what) throws SQLException {
        try (Connection connection = pool.guarded.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(what);
        }
    }

    /** What a failure taught is forgotten when it leads nowhere: healthy work is not asked about for ever. */
    @Test
    void aPlaceWhoseStatementsAreMerelySlowIsSoonLeftInPeace() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMillis(1000)));
        Connection live = pool.beginLogin("alice");
        SQLException refused = catchThrowableOfType(
                SQLException.class,
                () -> sleepOrFail(
                        "SET lock_timeout = '100ms'; UPDATE user_login_info SET logins = 0 WHERE username = 'alice'"));
        assertThat(refused.getSQLState()).isEqualTo("55P03");
        live.rollback();
        live.close();
        for (int i = 0; i < 12; i++) {
            sleepOrFail("SELECT pg_sleep(0.4)");
        }
        long before = pool.guarded.healer().queries();
        for (int i = 0; i < 3; i++) {
            sleepOrFail("SELECT pg_sleep(0.4)");
        }
        assertThat(pool.guarded.healer().queries()).isEqualTo(before);
    }

    // ---- work that may take long

    @Test
    void aLongTransactionIsSafeFromTimeLimitsAndThenTheyCountFromItsEnd() throws Exception {
        start(config -> config.lockWaitThreshold(Duration.ofMillis(100)).idleBlockerTimeout(Duration.ofSeconds(2)));
        Connection before = pool.beginLogin("alice");
        try (var work = pool.guarded.longTransaction(Duration.ofMinutes(5))) {
            Connection inside = pool.beginLogin("bob");
            var alice = pool.login("alice");
            var bob = pool.login("bob");
            await().until(() -> pool.incidents(OutcomeKind.REPORTED).size() >= 2);
            await().during(Duration.ofSeconds(4))
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> pool.incidents(OutcomeKind.HEALED).isEmpty());
            assertThat(alice).isNotDone();
            inside.commit();
            inside.close();
            bob.get(10, SECONDS);
        }
        assertThat(pool.incidents(OutcomeKind.HEALED)).isEmpty();
        Incident healed = pool.awaitIncident(OutcomeKind.HEALED);
        assertThat(healed.silence()).isGreaterThanOrEqualTo(Duration.ofSeconds(2));
        kept.add(before);
    }

    // ---- spared by a tag

    @Test
    void aTransactionThatRanATaggedStatementIsSparedHoweverLongAgo() throws Exception {
        start(config -> config.abandonedGrace(Duration.ofMillis(100))
                .abandonedPatience(Duration.ofMillis(200))
                .spareStatementTags(java.util.Set.of("nightly-import")));
        Connection leaked = worker.submit(() -> {
                    Connection connection = pool.beginLogin("alice");
                    try (Statement statement = connection.createStatement()) {
                        statement.execute("/* nightly-import */ SELECT 1");
                        for (int i = 0; i < 20; i++) {
                            statement.execute("SELECT " + i);
                        }
                    }
                    return connection;
                })
                .get(10, SECONDS);
        kept.add(leaked);
        Incident spared = pool.awaitIncident(OutcomeKind.WOULD_HEAL);
        assertThat(spared.reason()).contains("pgheal.spare.statement-tags has nightly-import");
        // the next transaction is not tagged
        worker.submit(() -> {
                    leaked.commit();
                    GuardedPool.update(leaked, "bob");
                    return null;
                })
                .get(10, SECONDS);
        pool.awaitIncident(OutcomeKind.HEALED);
    }

    @Test
    void aTaggedStatementOfABatchCountsToo() throws Exception {
        start(config -> config.abandonedGrace(Duration.ofMillis(100))
                .abandonedPatience(Duration.ofMillis(200))
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
                .get(10, SECONDS);
        assertThat(pool.awaitIncident(OutcomeKind.WOULD_HEAL).reason()).contains("nightly-import");
        assertThat(pool.incidents(OutcomeKind.HEALED)).isEmpty();
    }
}
