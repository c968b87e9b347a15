package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.OverflowPools.Subject;
import io.pgheal.OverflowTrial.Pattern;
import io.pgheal.OverflowTrial.Result;
import io.pgheal.testserver.PostgresServer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Overflows at random depths: nobody behind them sees anything of it. */
@Tag("thorough")
@Timeout(600)
class OverflowTest {
    private static final int TRIALS = Integer.getInteger("pgheal.test.overflows", 100);
    /**
     * Without the preflight, connections that are to be cut before it counts that nobody behind them noticed. Only
     * where it was borrowed above: by the other patterns too few are cut to wait for.
     */
    private static final int CUTS = TRIALS / 5;

    private static final int A_FEW = Math.max(1, TRIALS / 5);
    private static final int MOST_RUNS = 10;
    private static final long SEED = Long.getLong("pgheal.test.seed", 20261123);

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @ParameterizedTest
    @EnumSource(Pattern.class)
    void noBorrowerSeesAWrongAnswerAnErrorOrAMissingSlot(Pattern pattern) throws Exception {
        try (OverflowTrial trial = trial(Subject.PGHEAL)) {
            int overflows = 0;
            for (int run = 0; overflows < TRIALS; run++) {
                assertThat(run)
                        .as("runs in which %d trials overflowed in the work, not %d", overflows, TRIALS)
                        .isLessThan(MOST_RUNS);
                Result seen = trial.run(pattern, TRIALS - overflows);
                assertThat(seen).isEqualTo(new Result(seen.trials(), seen.overflows(), 0, 0, 0, 0));
                overflows += seen.overflows();
            }
        }
    }

    /** What the preflight does not prevent, the quarantine keeps from the next borrower. */
    @ParameterizedTest
    @EnumSource(Pattern.class)
    void withoutThePreflightTheQuarantineKeepsWrongAnswersAway(Pattern pattern) throws Exception {
        try (OverflowTrial trial = trial(Subject.PGHEAL_WITHOUT_PREFLIGHT)) {
            for (int run = 0; run == 0 || (pattern == Pattern.BORROWED_ABOVE && trial.cut() < CUTS); run++) {
                assertThat(run).as("runs in which %d were cut", trial.cut()).isLessThan(MOST_RUNS);
                Result seen = trial.run(pattern, TRIALS);
                assertThat(new Result(TRIALS, seen.overflows(), seen.wrong(), seen.failed(), 0, 0))
                        .as("next borrowers")
                        .isEqualTo(new Result(TRIALS, seen.overflows(), 0, 0, 0, 0));
            }
        }
    }

    @Test
    void withThePreflightNoConnectionIsCut() throws Exception {
        int runs = 0;
        try (OverflowTrial without = trial(Subject.PGHEAL_WITHOUT_PREFLIGHT)) {
            while (without.cut() == 0) {
                assertThat(runs)
                        .as("runs of %d trials without it in which none was cut", A_FEW)
                        .isLessThan(5 * MOST_RUNS);
                without.run(Pattern.BORROWED_ABOVE, A_FEW);
                runs++;
            }
        }
        try (OverflowTrial trial = trial(Subject.PGHEAL)) {
            trial.run(Pattern.BORROWED_ABOVE, runs * A_FEW);
            assertThat(trial.cut()).isZero();
        }
    }

    private static OverflowTrial trial(Subject subject) throws Exception {
        OverflowPools pools = OverflowPools.thatWait(SERVER);
        return new OverflowTrial(subject, pools, SEED);
    }
}
