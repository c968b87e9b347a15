package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnoses;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Healer;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.postgres.TransactionEnd;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.HealingLease;
import io.pgheal.track.InterceptedDataSource;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Pool;
import io.pgheal.track.Ticker;
import io.pgheal.track.Waiting;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.jdbc.PgConnection;

/** The user's time limit for a live owner's statement ends the transaction that was judged, and never a later one. */
class LiveOwnerTest {
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Decision LIMIT =
            new Decision(Action.HEAL, "the user's own limit", false, false, Duration.ZERO);
    private static final Duration ESCALATION = Duration.ofMinutes(1);
    /** Goes on whatever cancels it. */
    private static final String SWALLOWS = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60);"
            + " EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$";

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    private final Seam seam = new Seam();
    private final ExecutorService owner = Executors.newSingleThreadExecutor();
    private final ExecutorService other = Executors.newSingleThreadExecutor();
    private ControlChannel channel;
    private HikariDataSource hikari;
    private LeaseRegistry registry;
    private InterceptedDataSource leases;
    private Connection connection;
    private Connection waiter;
    private int pid;

    /** Something happens at the beginning of a remedy. */
    private static final class Seam extends Ticker {
        volatile Runnable then;
        /** Happens once, after a remedy that was not seen to help at once. */
        volatile Runnable whileLooking;

        volatile Duration ahead = Duration.ZERO;
        private int passes;

        @Override
        public long nanos() {
            Runnable looks = whileLooking;
            if (looks != null && isIn("lookUntilGone")) {
                long before = super.nanos() + ahead.toNanos(); // what happens now uses up no time
                whileLooking = null;
                looks.run();
                return before;
            }
            Runnable now = then;
            if (now != null && isIn("climb", "since") && --passes == 0) {
                then = null;
                now.run();
            }
            return super.nanos() + ahead.toNanos();
        }

        /** @param remedy 1 is the first one that is tried */
        void before(Rung rung, Runnable happens) {
            passes = rung == Rung.CANCEL ? 1 : 3; // each takes the time twice: when it begins and when it is over
            then = happens;
        }

        private static boolean isIn(String... methods) {
            return StackWalker.getInstance()
                    .walk(frames -> frames.skip(2).findFirst())
                    .filter(frame -> List.of(methods).contains(frame.getMethodName()))
                    .isPresent();
        }
    }

    @BeforeEach
    void start() throws Exception {
        channel = new ControlChannel("live", ControlSettings.of(SERVER.url(), SERVER.user(), SERVER::password));
        channel.start();
        await().until(() -> channel.server().isPresent());
        hikari = SERVER.app().pool("live", 1);
        Waiting waiting = new Waiting(seam);
        registry = new LeaseRegistry("live", Pool.of(hikari, waiting), true, 0, seam, () -> false);
        leases = new InterceptedDataSource("live", hikari, registry, waiting, nobodyListens -> {});
        borrow();
        connection.setAutoCommit(false);
    }

    @AfterEach
    void stop() throws Exception {
        owner.shutdownNow();
        other.shutdownNow();
        if (waiter != null) {
            waiter.abort(Runnable::run);
        }
        connection.abort(Runnable::run);
        SERVER.admin().run("SELECT pg_terminate_backend(" + pid + ")"); // one that swallows cancels misses nobody
        channel.close();
        hikari.close();
    }

    private void borrow() throws SQLException {
        connection = leases.getConnection();
        pid = Sql.pid(connection);
    }

    private Outcome enforce(Diagnosis diagnosis) {
        return new Healer(channel, seam, ESCALATION).carryOut(diagnosis, LIMIT, "incident");
    }

    private CompletableFuture<String> run(String sql) {
        return CompletableFuture.supplyAsync(() -> run(connection, sql), owner);
    }

    private static String run(Connection connection, String sql) {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
            return "done";
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    /** The owner locks something that somebody else wants, too. */
    private CompletableFuture<String> somebodyWaits() throws Exception {
        assertThat(run("SELECT pg_advisory_xact_lock(78)").get()).isEqualTo("done");
        waiter = SERVER.connection();
        CompletableFuture<String> waits =
                CompletableFuture.supplyAsync(() -> run(waiter, "SELECT pg_advisory_lock(78)"), other);
        await().until(() ->
                !channel.ask(ANSWER, control -> control.inTheWay(List.of(pid))).isEmpty());
        return waits;
    }

    private Backend backend() throws SQLException {
        return channel.ask(ANSWER, control -> control.backend(pid)).orElseThrow();
    }

    private void awaitActive(String part) {
        await().until(() -> backend().isActive() && backend().lastStatement().contains(part));
    }

    /** The owner's statement, as it was judged. */
    private Diagnosis judged() throws SQLException {
        LeaseSnapshot lease = registry.look(seam.nanos(), null).get(0);
        Backend backend = backend();
        return Diagnoses.of(DiagnosisKind.STUCK_LOCK)
                .lease(lease)
                .backend(backend)
                .waiters(channel.ask(ANSWER, control -> control.story(backend.id()))
                        .orElseThrow()
                        .waiters())
                .made();
    }

    @Test
    void aLaterTransactionIsNotCancelledInsteadOfTheJudgedOne() throws Exception {
        try (Connection gate = SERVER.connection();
                Statement lock = gate.createStatement()) {
            Gate work = new Gate(SERVER);
            lock.execute("SELECT pg_advisory_lock(77)");
            CompletableFuture<String> first = run("SELECT pg_advisory_xact_lock(77)");
            awaitActive("pg_advisory_xact_lock");
            Diagnosis diagnosis = judged();
            CompletableFuture<CompletableFuture<String>> next = new CompletableFuture<>();
            seam.before(Rung.CANCEL, () -> {
                try {
                    lock.execute("SELECT pg_advisory_unlock(77)");
                    assertThat(first.get()).isEqualTo("done");
                    owner.submit(() -> {
                                connection.commit();
                                connection.close();
                                connection = leases.getConnection(); // somebody else, on the same backend
                                return null;
                            })
                            .get();
                    next.complete(run(work.statement()));
                    awaitActive("DO");
                } catch (Exception e) {
                    next.completeExceptionally(e);
                }
            });

            Outcome outcome = enforce(diagnosis);

            work.open();
            assertThat(next.get().get()).isEqualTo("done");
            assertThat(Sql.pid(connection)).isEqualTo(pid);
            assertThat(outcome.kind()).isEqualTo(OutcomeKind.WITHDRAWN);
        }
    }

    /** What is known of a lease may be older than the server's answer. */
    @Test
    void theNextBorrowerIsNotCancelledForTheLastOnesLimit() throws Exception {
        LeaseSnapshot last = registry.look(seam.nanos(), null).get(0);
        connection.close();
        borrow();
        connection.unwrap(HealingLease.class).extend(Duration.ofMinutes(1));
        Gate work = new Gate(SERVER);
        CompletableFuture<String> next = run(work.statement());
        awaitActive("DO");
        Backend backend = backend();
        assertThat(backend.id()).isEqualTo(last.physical().backend());

        Outcome outcome = enforce(Diagnoses.of(DiagnosisKind.STUCK_LOCK)
                .lease(last)
                .backend(backend)
                .made());

        assertThat(outcome.kind()).isEqualTo(OutcomeKind.WITHDRAWN);
        work.open();
        assertThat(next.get()).isEqualTo("done");
    }

    /** Past our handles: neither the fence nor the lease knows of it. */
    @Test
    void aCommitBesideTheLeaseIsNotToldAsRolledBack() throws Exception {
        Connection raw = connection.unwrap(PgConnection.class);
        try (Statement statement = raw.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS beside (n int)");
            raw.commit();
            statement.execute("INSERT INTO beside VALUES (1)");
        }
        Diagnosis diagnosis = judged();
        assertThat(diagnosis.backend().isIdleInTransaction()).isTrue();
        raw.commit();

        Outcome outcome = enforce(diagnosis);

        assertThat(outcome.transaction()).isNotEqualTo(TransactionEnd.ROLLED_BACK);
    }

    @Test
    void theSessionLivesWhateverItDoesNextForHoweverLong() throws Exception {
        Gate work = new Gate(SERVER);
        Gate givesWay = new Gate(SERVER); // still at work when its cancel was just sent
        somebodyWaits();
        CompletableFuture<String> cancelled =
                run("DO $$ BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN " + givesWay.loop()
                        + " RAISE; END $$");
        awaitActive("DO");
        Diagnosis diagnosis = judged();
        CompletableFuture<String> next = cancelled.thenApplyAsync(
                state -> {
                    try (Statement statement = connection.createStatement()) {
                        connection.rollback();
                        statement.execute(work.statement());
                        return state;
                    } catch (SQLException e) {
                        return e.getMessage();
                    }
                },
                owner);
        String judged = backend().transaction().xactStart();
        seam.whileLooking = () -> {
            try {
                givesWay.open();
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
            await().until(() -> backend().isActive()
                    && !judged.equals(backend().transaction().xactStart()));
        };

        Outcome outcome = enforce(diagnosis);

        assertThat(seam.whileLooking).as("the next one was there to be seen").isNull();
        work.open();
        assertThat(next.get()).isEqualTo("57014");
        assertThat(outcome.kind()).isEqualTo(OutcomeKind.HEALED);
        assertThat(outcome.rungs()).extracting(rung -> rung.rung()).containsExactly(Rung.CANCEL);
        assertThat(Sql.pid(connection)).isEqualTo(pid);
    }

    @Test
    void aStatementThatSwallowsItsCancelIsTerminated() throws Exception {
        somebodyWaits();
        CompletableFuture<String> stubborn = run(SWALLOWS);
        awaitActive("DO");
        Diagnosis diagnosis = judged();
        seam.whileLooking = () -> seam.ahead = ESCALATION;

        Outcome outcome = enforce(diagnosis);

        assertThat(outcome.kind()).isEqualTo(OutcomeKind.HEALED);
        assertThat(outcome.rungs()).extracting(rung -> rung.rung()).containsExactly(Rung.CANCEL, Rung.TERMINATE);
        assertThat(stubborn.get()).isEqualTo("57P01");
    }

    @Test
    void anOwnerThatAsksForTimeMeanwhileIsNotTerminated() throws Exception {
        somebodyWaits();
        CompletableFuture<String> stubborn = run(SWALLOWS);
        awaitActive("DO");
        Diagnosis diagnosis = judged();
        HealingLease lease = connection.unwrap(HealingLease.class);
        seam.whileLooking = () -> {
            lease.extend(Duration.ofHours(1));
            seam.ahead = ESCALATION;
        };

        Outcome outcome = enforce(diagnosis);

        assertThat(seam.whileLooking).as("it asked after the first remedy").isNull();
        assertThat(outcome.kind()).isEqualTo(OutcomeKind.UNRESOLVED);
        assertThat(outcome.rungs()).extracting(rung -> rung.rung()).containsExactly(Rung.CANCEL);
        assertThat(stubborn).isNotDone();
    }

    /** It may give up the one lock and keep the rest of its work. */
    @Test
    void anOwnerThatFreesItsLockAndGoesOnInItsTransactionIsNotTerminated() throws Exception {
        Gate work = new Gate(SERVER);
        Gate givesWay = new Gate(SERVER); // still at work when its cancel was just sent
        Savepoint before = connection.setSavepoint();
        CompletableFuture<String> waits = somebodyWaits();
        CompletableFuture<String> cancelled =
                run("DO $$ BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN " + givesWay.loop()
                        + " RAISE; END $$");
        awaitActive("DO");
        Diagnosis diagnosis = judged();
        assertThat(diagnosis.waiters()).hasSize(1);
        CompletableFuture<String> rest = cancelled.thenApplyAsync(
                state -> {
                    try {
                        connection.rollback(before);
                        return state + " " + run(connection, work.statement());
                    } catch (SQLException e) {
                        return e.getMessage();
                    }
                },
                owner);
        seam.whileLooking = () -> {
            try {
                givesWay.open();
                assertThat(waits.get()).isEqualTo("done");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            await().until(() -> backend().isActive()
                    && backend().transaction().xactStart() != null
                    && backend().lastStatement().contains("DO"));
            seam.ahead = ESCALATION;
        };

        Outcome outcome = enforce(diagnosis);

        assertThat(seam.whileLooking).as("it went on after the first remedy").isNull();
        work.open();
        assertThat(rest.get()).isEqualTo("57014 done");
        assertThat(outcome.rungs()).singleElement().satisfies(rung -> {
            assertThat(rung.rung()).isEqualTo(Rung.CANCEL);
            assertThat(rung.outcome()).as("it is not gone").isEqualTo("SENT, nobody waits for it any more");
        });
        connection.commit();
    }

    /** Other heals came first, and took their time. */
    @Test
    void aStatementThatNobodyWaitsForAnyMoreIsNotCancelled() throws Exception {
        Gate gate = new Gate(SERVER);
        CompletableFuture<String> waits = somebodyWaits();
        CompletableFuture<String> work = run(gate.statement());
        awaitActive("DO");
        Diagnosis diagnosis = judged();
        giveUp(waits);

        Outcome outcome = enforce(diagnosis);

        gate.open();
        assertThat(work.get()).isEqualTo("done");
        assertThat(outcome.kind()).isEqualTo(OutcomeKind.WITHDRAWN);
    }

    @Test
    void anIdleOwnerWhomNobodyWaitsForAnyMoreKeepsItsConnection() throws Exception {
        CompletableFuture<String> waits = somebodyWaits();
        Diagnosis diagnosis = judged();
        assertThat(diagnosis.backend().isIdleInTransaction()).isTrue();
        giveUp(waits);

        Outcome outcome = enforce(diagnosis);

        connection.commit();
        assertThat(outcome.kind()).isEqualTo(OutcomeKind.WITHDRAWN);
    }

    private void giveUp(CompletableFuture<String> waits) throws Exception {
        SERVER.admin().run("SELECT pg_cancel_backend(pid) FROM pg_locks WHERE NOT granted AND objid = 78");
        assertThat(waits.get()).isEqualTo("57014");
    }

    @Test
    void anOwnerThatAsksForTimeBeforeIsNotCancelled() throws Exception {
        Gate gate = new Gate(SERVER);
        CompletableFuture<String> work = run(gate.statement());
        awaitActive("DO");
        Diagnosis diagnosis = judged();
        connection.unwrap(HealingLease.class).extend(Duration.ofMinutes(1));

        assertThat(enforce(diagnosis).kind()).isEqualTo(OutcomeKind.WITHDRAWN);
        gate.open();
        assertThat(work.get()).isEqualTo("done");
    }
}
