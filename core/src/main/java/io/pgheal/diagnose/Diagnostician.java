package io.pgheal.diagnose;

import io.pgheal.Internal;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.BackendStory;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.StatementText;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.LeaseEvent.FailedWait;
import io.pgheal.track.LeaseSnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Turns a symptom and the server's view of it into a diagnosis. Pure. */
@Internal
public final class Diagnostician {
    private Diagnostician() {}

    /**
     * A lease with evidence that its owner is gone.
     *
     * @param ours the backends of our open leases
     */
    public static Diagnosis abandoned(
            AbandonedLease symptom, ServerSide server, boolean poolExhausted, Set<BackendId> ours) {
        LeaseSnapshot lease = symptom.lease();
        BackendStory story = server.story();
        Backend backend = story == null ? null : story.backend();
        List<Waiter> waiters = story == null ? List.of() : story.waiters();
        return new Diagnosis(
                lease.transactionOpen() || lease.callInProgress()
                        ? DiagnosisKind.ABANDONED_TRANSACTION
                        : DiagnosisKind.ABANDONED_CONNECTION,
                lease,
                symptom.evidence(),
                lease.physical().backend(),
                backend,
                story == null ? List.of() : story.locks(),
                waiters,
                poolExhausted,
                backend == null ? null : untouchable(backend),
                pidsOf(waiters, ours),
                null,
                null);
    }

    /**
     * A lease that was closed, while its transaction stayed open.
     *
     * @param ours the backends of our open leases
     */
    public static Diagnosis openAfterClose(LeaseSnapshot lease, ServerSide server, Set<BackendId> ours) {
        BackendStory story = server.story();
        return new Diagnosis(
                DiagnosisKind.OPEN_AFTER_CLOSE,
                lease,
                List.of(),
                lease.physical().backend(),
                story == null ? null : story.backend(),
                story == null ? List.of() : story.locks(),
                story == null ? List.of() : story.waiters(),
                false,
                story == null ? null : untouchable(story.backend()),
                story == null ? Set.of() : pidsOf(story.waiters(), ours),
                null,
                null);
    }

    /**
     * A backend that a lease of ours left behind.
     *
     * @param ours the backends of our open leases
     */
    public static Diagnosis orphaned(BackendStory story, Set<BackendId> ours) {
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
                untouchable(backend),
                pidsOf(story.waiters(), ours),
                null,
                null);
    }

    /**
     * One diagnosis for each root blocker of our waiting statements.
     *
     * @param ours leases by their backend
     * @param abandoned those of them with evidence against their owner: these are judged separately
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
                    lease == null
                            ? DiagnosisKind.FOREIGN_BLOCKER
                            : lease.closed() ? DiagnosisKind.OPEN_AFTER_CLOSE : DiagnosisKind.STUCK_LOCK,
                    lease,
                    List.of(),
                    id,
                    backend,
                    locks.getOrDefault(root, List.of()),
                    waiters,
                    false,
                    backend == null ? prepared(root, waiters) : untouchable(backend),
                    pidsOf(waiters, ours.keySet()),
                    lease == null ? null : ownWait(lease, waiters, ours),
                    null));
        }
        return found;
    }

    /**
     * A session that an operator named.
     *
     * @param lease null when it is not one of ours
     */
    public static Diagnosis chosen(BackendStory story, @Nullable LeaseSnapshot lease) {
        return new Diagnosis(
                DiagnosisKind.OPERATORS_CHOICE,
                lease,
                List.of(),
                story.backend().id(),
                story.backend(),
                story.locks(),
                story.waiters(),
                false,
                untouchable(story.backend()));
    }

    /**
     * A statement that failed to get a lock before pgheal saw who held it: there is a waiter, and no culprit.
     *
     * <p>Only for statements whose SQLSTATE proves that it was a lock: 55P03 (lock timeout) and 40P01 (deadlock). A
     * statement that was cancelled (57014) may have been merely slow, and only the server's message, in whatever language,
     * could show this. It lowers its own threshold: if it did wait, pgheal sees its next wait in time.
     *
     * @param waited the observed part of the wait
     */
    public static Diagnosis holderNotSeen(FailedWait failed, Duration waited) {
        String statement = failed.statement();
        Backend backend = Backend.unasked(
                failed.lease().physical().driverPid(), statement == null ? null : StatementText.cutLiterals(statement));
        return new Diagnosis(
                DiagnosisKind.HOLDER_NOT_SEEN,
                null,
                List.of(),
                null,
                null,
                List.of(),
                List.of(new Waiter(backend, null, null, null, Set.of(), waited, null)),
                false,
                null);
    }

    private static Set<Integer> pidsOf(List<Waiter> waiters, Set<BackendId> ours) {
        return waiters.stream()
                .filter(waiter -> ours.contains(waiter.backend().id()))
                .map(Waiter::pid)
                .collect(Collectors.toSet());
    }

    /**
     * The pid by which the culprit's own thread waits for the culprit, over another of its leases, directly or behind
     * others.
     */
    private static @Nullable Integer ownWait(
            LeaseSnapshot culprit, List<Waiter> waiters, Map<BackendId, LeaseSnapshot> ours) {
        for (Waiter waiter : waiters) {
            LeaseSnapshot other = ours.get(waiter.backend().id());
            if (other != null && other.callInProgress() && !culprit.callInProgress() && culprit.hasOwnerOf(other)) {
                return waiter.pid();
            }
        }
        return null;
    }

    /** Why no signal may be sent to this backend, whatever the rules; null if nothing forbids it. */
    private static @Nullable String untouchable(Backend backend) {
        if (backend.backendType() != null && !backend.isClient()) { // first: it may have no session state at all
            return "it is no client's session but a process of the server: " + backend.backendType();
        }
        if (!backend.visible()) {
            return "its session is hidden from pgheal's role: GRANT pg_read_all_stats, or let track_activities on";
        }
        if (backend.committing()) {
            return "it is committing, or waits for its standby";
        }
        return null;
    }

    private static String prepared(int root, List<Waiter> waiters) {
        if (root != BlockingTree.PREPARED) {
            return "its session could not be seen";
        }
        String gids = waiters.stream()
                .map(Waiter::preparedGid)
                .filter(gid -> gid != null)
                .distinct()
                .sorted()
                .map(gid -> "'" + gid + "'")
                .collect(Collectors.joining(", "));
        return gids.isEmpty()
                ? "it is a prepared transaction: see pg_prepared_xacts"
                : "it is the prepared transaction " + gids + ": COMMIT PREPARED or ROLLBACK PREPARED by its owner";
    }
}
