package io.pgheal.cycle;

import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.Waiter;
import io.pgheal.track.HeldUpException;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.LeaseView;
import io.pgheal.track.LockHolder;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Our calls in progress, as seen before the server was asked who waits. Records for each waiting call its lock holder, so
 * that the call's exception can name the holder if the call fails. A call that has ended since, or began later, has another
 * sequence and gets no record.
 */
final class WaitingCalls {
    private final Map<BackendId, LeaseSnapshot> calls = new HashMap<>();

    WaitingCalls(Collection<LeaseSnapshot> leases) {
        for (LeaseSnapshot lease : leases) {
            BackendId backend = lease.physical().backend();
            if (backend != null && lease.callInProgress()) {
                calls.put(backend, lease);
            }
        }
    }

    void record(Diagnosis culprit, LockHolder.Fate fate, Duration dueIn, @Nullable String incidentId) {
        if (calls.isEmpty()) {
            return;
        }
        LeaseView lease = culprit.lease() == null ? null : culprit.lease().view();
        for (Waiter waiter : culprit.waiters()) {
            BackendId backend = waiter.backend().id();
            LeaseSnapshot call = backend == null ? null : calls.get(backend);
            if (call != null) {
                call.lease()
                        .heldUp(
                                call.sequence(),
                                new HeldUpException(holder(culprit, lease, waiter, fate, dueIn, incidentId)));
            }
        }
    }

    private static LockHolder holder(
            Diagnosis culprit,
            @Nullable LeaseView lease,
            Waiter waiter,
            LockHolder.Fate fate,
            Duration dueIn,
            @Nullable String incidentId) {
        Backend backend = culprit.backend();
        return new LockHolder(
                lease != null || culprit.kind() == DiagnosisKind.ORPHANED_BACKEND,
                backend == null ? null : (Integer) backend.pid(),
                waiter.table() == null ? null : waiter.table().toString(),
                backend == null ? null : backend.applicationName(),
                lease == null ? null : (Long) lease.id(),
                lease == null ? null : lease.thread(),
                lease == null ? null : lease.borrowedAt(),
                fate,
                dueIn,
                incidentId);
    }
}
