package io.pgheal.heal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnoses;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.postgres.TransactionEnd;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.track.Ticker;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds whatever was decided. */
class HealerTest {
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Decision HEAL = new Decision(Action.HEAL, "for a test", false, true, Duration.ZERO);

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private final ControlChannel channel =
            new ControlChannel("test", ControlSettings.of(SERVER.url(), SERVER.superuser(), SERVER::superuserPassword));
    private final Healer healer = new Healer(channel, Ticker.system(), Duration.ofMinutes(1));

    @BeforeEach
    void connect() {
        channel.start();
        await().until(() -> channel.server().isPresent());
    }

    @AfterEach
    void close() {
        channel.close();
    }

    private Diagnosis orphan(Connection connection, String untouchable) throws Exception {
        int pid = Sql.pid(connection);
        Backend backend = channel.ask(ANSWER, control -> control.backend(pid)).orElseThrow();
        return Diagnoses.of(DiagnosisKind.ORPHANED_BACKEND)
                .backend(backend)
                .untouchable(untouchable)
                .made();
    }

    @Test
    void whatIsUntouchableIsNotSignalled() throws Exception {
        try (Connection innocent = SERVER.connection()) {
            innocent.setAutoCommit(false);
            Outcome outcome = healer.carryOut(orphan(innocent, "it must not"), HEAL, "1");
            assertThat(outcome.kind()).isEqualTo(OutcomeKind.UNRESOLVED);
            assertThat(outcome.rungs())
                    .singleElement()
                    .satisfies(rung -> assertThat(rung.outcome()).isEqualTo("not sent: it must not"));
            assertThat(innocent.isValid(10)).isTrue();
            innocent.commit();
        }
    }

    /** Nothing was done: that it did not help proves nothing. */
    @Test
    void whereTheServerCannotBeAskedNothingWasTried() throws Exception {
        try (Connection innocent = SERVER.connection()) {
            innocent.setAutoCommit(false);
            Diagnosis orphan = orphan(innocent, null);
            channel.close();
            Outcome outcome = healer.carryOut(orphan, HEAL, "1");
            assertThat(outcome.kind()).isEqualTo(OutcomeKind.REPORTED);
            assertThat(innocent.isValid(10)).isTrue();
            innocent.commit();
        }
    }

    @Test
    void whatIsToBeEndedIsSeenToBeGone() throws Exception {
        try (Connection victim = SERVER.connection()) {
            victim.setAutoCommit(false);
            Outcome outcome = healer.carryOut(orphan(victim, null), HEAL, "1");
            assertThat(outcome.kind()).isEqualTo(OutcomeKind.HEALED);
            assertThat(victim.isValid(10)).isFalse();
        }
    }

    /** A commit is never signalled, and ends by itself: how, is known only then. */
    @Test
    void aCommitThatWasQuickerIsWaitedForAndToldAsItWas() throws Exception {
        try (Connection gate = SERVER.connection();
                Connection quicker = SERVER.connection()) {
            Sql.run(
                    gate,
                    "CREATE TABLE slow_commit (id int)",
                    "CREATE FUNCTION pass_gate() RETURNS trigger LANGUAGE plpgsql AS"
                            + " 'BEGIN PERFORM pg_advisory_xact_lock(81); RETURN NULL; END'",
                    "CREATE CONSTRAINT TRIGGER pass_gate AFTER INSERT ON slow_commit INITIALLY DEFERRED"
                            + " FOR EACH ROW EXECUTE FUNCTION pass_gate()",
                    "SELECT pg_advisory_lock(81)");
            quicker.setAutoCommit(false);
            Sql.run(quicker, "INSERT INTO slow_commit VALUES (1)");
            Diagnosis judged = orphan(quicker, null);
            CompletableFuture<Void> commit = beside.start("commit", quicker::commit);
            int pid = judged.backend().pid();
            await().until(() -> channel.ask(ANSWER, control -> control.backend(pid))
                    .filter(Backend::isWaitingForLock)
                    .isPresent());
            long before = channel.asked();
            CompletableFuture<Outcome> heal = beside.start("heal", () -> healer.carryOut(judged, HEAL, "1"));
            await().until(() -> heal.isDone() || channel.asked() > before + 20); // more than all its attempts ask
            Sql.run(gate, "SELECT pg_advisory_unlock(81)");
            commit.get();
            assertThat(heal.get().transaction()).isEqualTo(TransactionEnd.COMMITTED);
            assertThat(heal.get().rungs())
                    .allSatisfy(rung -> assertThat(rung.outcome()).doesNotContain("SENT"));
            Sql.run(gate, "DROP TABLE slow_commit", "DROP FUNCTION pass_gate");
        }
    }

    /** It comes back while another one is at work in its place, perhaps at the same victim. */
    @Test
    void anActThatWasGivenUpSendsNothingAnyMore() throws Exception {
        StoppedClock clock = new StoppedClock();
        CountDownLatch hangs = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        CompletableFuture<Outcome> late = new CompletableFuture<>();
        ActThread acts = new ActThread("test", clock, Duration.ofSeconds(20));
        try (acts;
                Connection innocent = SERVER.connection()) {
            innocent.setAutoCommit(false);
            Diagnosis orphan = orphan(innocent, null);
            acts.start();
            acts.submit(() -> {
                hangs.countDown();
                while (goOn.getCount() > 0) {
                    LockSupport.parkNanos(1_000_000); // heeds no interrupt
                }
                Thread.interrupted();
                late.complete(healer.carryOut(orphan, HEAL, "1"));
            });
            hangs.await();
            clock.pass(Duration.ofSeconds(21));
            acts.watch();
            goOn.countDown();
            assertThat(late.get().kind()).isEqualTo(OutcomeKind.WITHDRAWN);
            assertThat(innocent.isValid(10)).isTrue();
            innocent.commit();
        }
    }

    /** The session went on since it was looked at: what the operator saw is not what would be hit. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatAnOperatorMeantIsNotJudgedAnew(boolean thisTransactionOnly) throws Exception {
        try (Connection session = SERVER.connection()) {
            session.setAutoCommit(false);
            Diagnosis meant = orphan(session, null);
            try (Statement next = session.createStatement()) {
                next.execute("SELECT 1");
            }
            Outcome outcome = healer.carryOut(meant, HEAL, "1", Rung.TERMINATE, thisTransactionOnly);
            assertThat(outcome.rungs()).extracting(RungResult::rung).containsExactly(Rung.TERMINATE);
            assertThat(session.isValid(10)).isEqualTo(thisTransactionOnly);
        }
    }

    /** Where no fence keeps its owner from it, a session may begin another transaction after it was judged. */
    @ParameterizedTest
    @MethodSource("withoutAFence")
    void aTransactionThatBeganAfterTheJudgementIsNotHit(BiFunction<Healer, Diagnosis, Outcome> act) throws Exception {
        try (Connection gate = SERVER.connection();
                Connection session = SERVER.connection();
                Connection waiter = SERVER.connection()) {
            Sql.run(gate, "SELECT pg_advisory_lock(79)");
            session.setAutoCommit(false);
            Diagnosis judged = orphan(session, null);
            session.commit();
            Sql.run(session, "SELECT pg_advisory_xact_lock(80)");
            CompletableFuture<Void> innocent =
                    beside.start("innocent", () -> Sql.run(session, "SELECT pg_advisory_xact_lock(79)")); // at work
            CompletableFuture<Void> waits =
                    beside.start("waiter", () -> Sql.run(waiter, "SELECT pg_advisory_lock(80)"));
            int pid = judged.backend().pid();
            await().until(() -> channel.ask(ANSWER, control -> control.backend(pid))
                    .filter(Backend::isWaitingForLock)
                    .isPresent());
            await().until(() -> !channel.ask(ANSWER, control -> control.inTheWay(List.of(pid)))
                    .isEmpty());

            Outcome outcome = act.apply(healer, judged);

            Sql.run(gate, "SELECT pg_advisory_unlock(79)");
            innocent.get();
            session.commit();
            waits.get();
            assertThat(outcome.rungs())
                    .allSatisfy(rung -> assertThat(rung.outcome()).doesNotContain("SENT"));
        }
    }

    static Stream<Named<BiFunction<Healer, Diagnosis, Outcome>>> withoutAFence() {
        return Stream.of(
                Named.of(
                        "an operator ends a session",
                        (healer, judged) -> healer.carryOut(judged, HEAL, "1", Rung.TERMINATE, false)),
                Named.of(
                        "an operator cancels its statement",
                        (healer, judged) -> healer.carryOut(judged, HEAL, "1", Rung.CANCEL, false)),
                Named.of("a backend is left behind", (healer, judged) -> healer.carryOut(judged, HEAL, "1")));
    }
}
