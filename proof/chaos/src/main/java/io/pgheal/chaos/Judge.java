package io.pgheal.chaos;

import io.pgheal.chaos.Attempt.Stage;
import io.pgheal.chaos.Outcomes.Outcome;
import io.pgheal.postgres.SqlState;
import io.pgheal.track.CutConnectionException;
import io.pgheal.track.LeaseRevoked;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says who is to blame for a failure of live work, by its exception and by what the adversary did at that time. Knows
 * nothing of what pgheal says of itself. Thread-safe.
 */
final class Judge {
    private static final Set<String> CONTENTION = Set.of("40001", "40P01", "55P03");
    private static final Set<String> ANSWER_OF_ANOTHER = Set.of("0100E", "02000", "08P01");
    private static final int DEEPEST = 16;

    private final Disturbances disturbances;
    private final Tally tally;

    Judge(Disturbances disturbances, Tally tally) {
        this.disturbances = disturbances;
        this.tally = tally;
    }

    /** A live attempt failed: counts it for whoever is to blame, and returns what the application knows of its outcome. */
    Outcome failed(Attempt attempt, Throwable failure) {
        blame(attempt, failure);
        Outcome outcome = outcome(attempt, failure);
        if (outcome == Outcome.UNKNOWN) {
            boolean excused = disturbances.mayHaveBroken(attempt.pid, attempt.began) || isInterrupt(attempt, failure);
            if (!excused) {
                tally.violated(Invariant.OUTCOME_UNKNOWN, attempt.toString(), failure);
            }
        }
        return outcome;
    }

    /** What is known after this failure. A commit that the server refused is rolled back; one that was not answered is not. */
    static Outcome outcome(Attempt attempt, Throwable failure) {
        String state = SqlState.of(failure);
        if (SqlState.TRANSACTION_RESOLUTION_UNKNOWN.equals(state)) {
            return Outcome.UNKNOWN;
        }
        if (LeaseRevoked.in(failure).isPresent() || has(failure, CutConnectionException.class)) {
            return Outcome.ROLLED_BACK; // pgheal's word, and the ledger will tell whether it was true
        }
        return attempt.stage == Stage.COMMITTING && (state == null || isLoss(state))
                ? Outcome.UNKNOWN
                : Outcome.ROLLED_BACK;
    }

    private void blame(Attempt attempt, Throwable failure) {
        String state = SqlState.of(failure);
        if (LeaseRevoked.in(failure).isPresent()) {
            tally.violated(Invariant.INNOCENT_TOUCHED, "revoked although alive: " + attempt, failure);
        } else if (failure instanceof WrongAnswer || (state != null && ANSWER_OF_ANOTHER.contains(state))) {
            tally.violated(Invariant.WRONG_ANSWER, attempt.toString(), failure);
        } else if (has(failure, CutConnectionException.class)) {
            tally.violated(Invariant.UNEXPLAINED, "cut without an error of its own: " + attempt, failure);
        } else if (state != null && CONTENTION.contains(state)) {
            tally.count("retried." + state);
        } else if (isInterrupt(attempt, failure)) {
            tally.count("excused.interrupt");
        } else if (attempt.stage == Stage.BORROWING && failure instanceof SQLTransientConnectionException) {
            tally.count("retried.pool timeout");
        } else if (SqlState.QUERY_CANCELED.equals(state)) {
            excuse(attempt, failure, "cancel", disturbances.mayHaveCancelled(attempt.pid, attempt.began));
        } else if (state == null || isLoss(state)) {
            excuse(attempt, failure, "loss", disturbances.mayHaveBroken(attempt.pid, attempt.began));
        } else {
            tally.violated(Invariant.UNEXPLAINED, attempt.toString(), failure);
        }
    }

    private void excuse(Attempt attempt, Throwable failure, String what, boolean excused) {
        if (excused) {
            tally.count("excused." + what);
        } else {
            tally.violated(
                    Invariant.INNOCENT_TOUCHED,
                    what + " without any disturbance that explains it: " + attempt,
                    failure);
        }
    }

    private boolean isInterrupt(Attempt attempt, Throwable failure) {
        boolean byInterrupt = has(failure, InterruptedException.class)
                || (Threads.isVirtual(Thread.currentThread()) && isLoss(SqlState.of(failure)));
        return byInterrupt && disturbances.mayHaveInterrupted(Thread.currentThread(), attempt.began);
    }

    private static boolean isLoss(@Nullable String state) {
        return state != null && (state.startsWith("08") || state.startsWith("57P"));
    }

    static boolean has(Throwable failure, Class<? extends Throwable> type) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++, cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return true;
            }
        }
        return false;
    }

    /** Whether an error of the application's own is behind it. */
    static boolean isByError(Throwable failure) {
        return has(failure, Error.class) || has(failure, CutConnectionException.class);
    }

    static boolean isLost(SQLException failure) {
        return isLoss(SqlState.of(failure));
    }
}
