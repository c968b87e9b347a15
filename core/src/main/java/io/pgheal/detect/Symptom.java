package io.pgheal.detect;

import io.pgheal.Internal;
import io.pgheal.postgres.BackendId;
import io.pgheal.track.LeaseSnapshot;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/** A reason to look closer. */
@Internal
public sealed interface Symptom {

    /** One of our leases, with evidence that its owner is gone. */
    record AbandonedLease(LeaseSnapshot lease, List<Evidence> evidence) implements Symptom {
        public AbandonedLease {
            evidence = List.copyOf(evidence);
        }

        public Strength strength() {
            return evidence.stream()
                    .map(Evidence::strength)
                    .max(Comparator.naturalOrder())
                    .orElse(Strength.NONE);
        }

        /**
         * How long the lease has been silent: since its evidence began to hold or its owner last called, whichever is
         * later.
         */
        public Duration silence() {
            return evidence.stream()
                    .filter(each -> each.strength() != Strength.NONE)
                    .map(Evidence::age)
                    .max(Comparator.naturalOrder())
                    .filter(age -> age.compareTo(lease.quiet()) < 0)
                    .orElse(lease.quiet());
        }
    }

    /** Statements of ours that have been running for long, or that just failed to get a lock. */
    record SlowStatements(List<LeaseSnapshot> leases) implements Symptom {
        public SlowStatements {
            leases = List.copyOf(leases);
        }
    }

    /**
     * Backends whose leases ended in a way that may have left them behind.
     *
     * @param lingering those that have existed for so long after their lease that the end of their connection never reached
     *     them: the network lost it
     */
    record OutlivedBackends(Set<BackendId> backends, Set<BackendId> lingering) implements Symptom {
        public OutlivedBackends {
            backends = Set.copyOf(backends);
            lingering = Set.copyOf(lingering);
        }
    }
}
