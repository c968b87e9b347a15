package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.BackendId;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What application threads leave for the healing loop to look at. */
@Internal
public sealed interface LeaseEvent {
    /**
     * A statement failed with an SQLSTATE that ends a wait for a lock.
     *
     * @param statement as the application wrote it
     */
    record FailedWait(
            Lease lease, Failure failure, @Nullable String statement) implements LeaseEvent {

        /** NOWAIT does not wait, and its failure is an answer that the application asked for. */
        public boolean askedNotToWait() {
            return SessionBound.doesNotWait(statement);
        }

        /** The lease as people are told of it. */
        public LeaseView view(Duration waited) {
            return LeaseView.of(this, waited);
        }
    }

    /** A lease that was judged abandoned was used by its owner: the judgement was wrong. */
    record Refuted(Lease lease, Revocation judgement) implements LeaseEvent {}

    /** A lease ended in a way that may have left its backend behind. */
    record Outlived(BackendId backend) implements LeaseEvent {}
}
