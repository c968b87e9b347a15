package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.BackendId;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What application threads queue for the healing loop. */
@Internal
public sealed interface LeaseEvent {
    /**
     * A statement failed with an SQLSTATE that ends a lock wait.
     *
     * @param statement as the application wrote it
     */
    record FailedWait(
            Lease lease, Failure failure, @Nullable String statement) implements LeaseEvent {

        /** The shape of the statement; empty if it is unknown. */
        public String shape() {
            return StatementShape.of(statement);
        }

        /** With NOWAIT nothing waited, and the failure is an answer that the application asked for. */
        public boolean askedNotToWait() {
            return SessionBound.doesNotWait(statement);
        }

        /** The lease as reported to people. */
        public LeaseView view(Duration waited) {
            return LeaseView.of(this, waited);
        }
    }

    /** The owner used a lease that was judged abandoned: the judgement was wrong. */
    record Refuted(Lease lease, Revocation judgement) implements LeaseEvent {}

    /** A lease ended in a way that may have left its backend running. */
    record Outlived(BackendId backend) implements LeaseEvent {}
}
