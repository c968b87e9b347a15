package io.pgheal.cycle;

import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.StatementText;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.LeaseEvent.FailedWait;
import io.pgheal.track.LeaseView;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * The story of a statement that failed to get a lock before anybody saw who held it: there is a waiter, and no culprit.
 *
 * <p>Only of those whose SQLSTATE says that it was a lock: 55P03 (lock timeout) and 40P01 (deadlock). A statement that was
 * cancelled (57014) may have been merely slow, and only the server's message, in whatever language, could tell: it teaches
 * its place in the code an earlier threshold, and if it did wait, the next one is seen.
 */
final class UnseenHolder {
    private UnseenHolder() {}

    static Diagnosis of(FailedWait failed, Duration waited) {
        return new Diagnosis(
                DiagnosisKind.HOLDER_NOT_SEEN,
                null,
                List.of(),
                null,
                null,
                List.of(),
                List.of(waiter(failed, waited)),
                false,
                null);
    }

    private static Waiter waiter(FailedWait failed, Duration waited) {
        String statement = failed.statement();
        Backend backend = new Backend(
                failed.lease().physical().driverPid(),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                statement == null ? null : StatementText.cutLiterals(statement),
                false);
        return new Waiter(backend, null, null, null, Set.of(), waited, null);
    }

    /** The waiter's lease, for lack of the holder's. */
    static LeaseView view(FailedWait failed, Duration waited) {
        return LeaseView.of(failed, waited);
    }
}
