package io.pgheal.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.chaos.Attempt.Stage;
import io.pgheal.chaos.Disturbances.Kind;
import io.pgheal.chaos.Outcomes.Outcome;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is to blame: a judge that excuses too much would find no fault. */
class JudgeTest {
    @TempDir
    Path reports;

    private final Disturbances disturbances = new Disturbances();
    private final Attempt attempt = new Attempt("a test's work");
    private Tally tally;
    private Judge judge;

    @BeforeEach
    void start() {
        tally = new Tally(reports);
        judge = new Judge(disturbances, tally);
        attempt.pid = 4711;
        attempt.stage = Stage.WORKING;
    }

    @AfterEach
    void end() {
        tally.close();
    }

    @Test
    void aSessionEndedByNobodyIsAnInnocentTouched() {
        judge.failed(attempt, new SQLException("terminating connection", "57P01"));
        assertThat(tally.of(Invariant.INNOCENT_TOUCHED)).isOne();
    }

    @Test
    void aSessionEndedByTheAdversaryIsExcused() {
        disturbances.begin(Kind.TERMINATE, 4711, false).close();
        judge.failed(attempt, new SQLException("terminating connection", "57P01"));
        assertThat(tally.isClean()).isTrue();
    }

    @Test
    void aKillOfAnotherSessionIsNoExcuse() {
        disturbances.begin(Kind.TERMINATE, 4712, false).close();
        judge.failed(attempt, new SQLException("terminating connection", "57P01"));
        assertThat(tally.of(Invariant.INNOCENT_TOUCHED)).isOne();
    }

    @Test
    void aRestartDoesNotExcuseACancel() {
        disturbances.begin(Kind.FAST_RESTART).close();
        judge.failed(attempt, new SQLException("canceling statement", "57014"));
        assertThat(tally.of(Invariant.INNOCENT_TOUCHED)).isOne();
    }

    @Test
    void aFreezeExcusesNothing() {
        disturbances.begin(Kind.FREEZE).close();
        judge.failed(attempt, new SQLException("I/O error", "08006"));
        assertThat(tally.of(Invariant.INNOCENT_TOUCHED)).isOne();
    }

    @Test
    void contentionIsLife() {
        for (String state : new String[] {"40001", "40P01", "55P03"}) {
            assertThat(judge.failed(attempt, new SQLException("contention", state)))
                    .isEqualTo(Outcome.ROLLED_BACK);
        }
        assertThat(tally.isClean()).isTrue();
    }

    @Test
    void anAnswerOfAnotherIsWrong() {
        judge.failed(attempt, new WrongAnswer("token"));
        judge.failed(attempt, new SQLException("Multiple ResultSets were returned by the query.", "0100E"));
        assertThat(tally.of(Invariant.WRONG_ANSWER)).isEqualTo(2);
    }

    @Test
    void aCommitThatWasNotAnsweredIsUnknown() {
        attempt.stage = Stage.COMMITTING;
        assertThat(Judge.outcome(attempt, new SQLException("I/O error", "08006")))
                .isEqualTo(Outcome.UNKNOWN);
        assertThat(Judge.outcome(attempt, new SQLException("serialization", "40001")))
                .isEqualTo(Outcome.ROLLED_BACK);
    }

    @Test
    void anUnknownOutcomeNeedsADisturbanceThatBreaksConnections() {
        attempt.stage = Stage.COMMITTING;
        disturbances.begin(Kind.FREEZE).close();
        judge.failed(attempt, new SQLException("nobody knows", "08007"));
        assertThat(tally.of(Invariant.OUTCOME_UNKNOWN)).isOne();
        disturbances.begin(Kind.NETWORK_RESET).close();
        judge.failed(attempt, new SQLException("nobody knows", "08007"));
        assertThat(tally.of(Invariant.OUTCOME_UNKNOWN)).isOne();
    }

    @Test
    void whatIsNeitherContentionNorWeatherIsNotExplained() {
        judge.failed(attempt, new SQLException("syntax error", "42601"));
        assertThat(tally.of(Invariant.UNEXPLAINED)).isOne();
    }

    @Test
    void aThreadThatEndsByAThrowableIsNotExplained() throws InterruptedException {
        new Threads(tally)
                .start("fails", () -> {
                    throw new IllegalStateException("in a test");
                })
                .join();
        assertThat(tally.of(Invariant.UNEXPLAINED)).isOne();
    }
}
