package io.pgheal.diagnose;

import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.BackendStory;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.LeaseSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** From a symptom and the server's side of it to a diagnosis. Pure. */
public final class Diagnostician {
    private Diagnostician() {}

    public static Diagnosis abandoned(AbandonedLease symptom, ServerSide server, boolean poolExhausted) {
        LeaseSnapshot lease = symptom.lease();
        BackendStory story = server.story();
        Backend backend = story == null ? null : story.backend();
        return new Diagnosis(
                DiagnosisKind.ABANDONED_TRANSACTION,
                lease,
                symptom.evidence(),
                lease.physical().backend(),
                backend,
                story == null ? List.of() : story.locks(),
                story == null ? List.of() : story.waiters(),
                poolExhausted,
                backend == null ? null : untouchable(backend));
    }

    public static Diagnosis orphaned(BackendStory story) {
        Backend backend = story.backend();
        return new Diagnosis(
                DiagnosisKind.ORPHANED_BACKEND,
                null,
                List.of(),
                backend.id(),
                backend,
                story.locks(),
                story.waiters(),
                false,
                untouchable(backend));
    }

    /**
     * One diagnosis for each root blocker of our waiting statements.
     *
     * @param ours leases by their backend
     * @param abandoned those of them that have evidence: they are judged on their own
     */
    public static List<Diagnosis> blockers(
            BlockingTree tree,
            Set<Integer> ourWaiters,
            Map<BackendId, LeaseSnapshot> ours,
            Set<BackendId> abandoned,
            Map<Integer, List<HeldLock>> locks) {
        Set<Integer> roots =
                ourWaiters.stream().flatMap(pid -> tree.rootsOf(pid).stream()).collect(Collectors.toSet());
        List<Diagnosis> found = new ArrayList<>();
        for (int root : roots) {
            List<Waiter> waiters = tree.waitersOf(root);
            Backend backend = tree.backend(root).orElse(null);
            BackendId id = backend == null ? null : backend.id();
            if (id != null && abandoned.contains(id)) {
                continue;
            }
            LeaseSnapshot lease = id == null ? null : ours.get(id);
            found.add(new Diagnosis(
                    lease == null ? DiagnosisKind.FOREIGN_BLOCKER : DiagnosisKind.STUCK_LOCK,
                    lease,
                    List.of(),
                    id,
                    backend,
                    locks.getOrDefault(root, List.of()),
                    waiters,
                    false,
                    backend == null ? prepared(root, waiters) : untouchable(backend)));
        }
        return found;
    }

    /** Why no signal may ever go there, by no rule. */
    private static @Nullable String untouchable(Backend backend) {
        if (!backend.visible()) {
            return "its session is hidden from pgheal's role: GRANT pg_read_all_stats, or let track_activities on";
        }
        if (backend.committing()) {
            return "it is committing, or waits for its standby";
        }
        if (!backend.isClient()) {
            return "it is no client's session but a " + backend.backendType();
        }
        return null;
    }

    private static String prepared(int root, List<Waiter> waiters) {
        if (root != BlockingTree.PREPARED) {
            return "its session could not be seen";
        }
        return waiters.stream()
                .map(Waiter::preparedGid)
                .filter(gid -> gid != null)
                .findFirst()
                .map(gid -> "it is the prepared transaction '" + gid
                        + "': COMMIT PREPARED or ROLLBACK PREPARED by its owner")
                .orElse("it is a prepared transaction: see pg_prepared_xacts");
    }
}
