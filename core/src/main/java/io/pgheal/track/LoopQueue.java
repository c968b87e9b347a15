package io.pgheal.track;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What wakes the healing loop: collected handles, events of the application's threads, and requests for an immediate
 * look. Bounded. Thread-safe; {@link #await} and {@link #events} belong to the loop.
 */
final class LoopQueue {
    private static final int EVENTS_KEPT = 1024;

    private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
    private final ArrayBlockingQueue<LeaseEvent> events = new ArrayBlockingQueue<>(EVENTS_KEPT);
    private final AtomicLong lostEvents = new AtomicLong();

    /** Watches the handle: once the collector has found it, its lease is marked. */
    HandleReference watch(ConnectionHandle handle, Lease lease) {
        return new HandleReference(handle, collected, lease);
    }

    void raise(LeaseEvent event) {
        if (!events.offer(event)) {
            lostEvents.incrementAndGet();
        }
        wake();
    }

    void wake() {
        new WeakReference<>(this, collected).enqueue();
    }

    /**
     * Waits until something was queued or {@code millis} have passed, and marks the leases whose handles were
     * collected.
     *
     * @return how many leases were marked
     */
    int await(long millis) throws InterruptedException {
        Reference<?> reference = collected.remove(millis);
        int gone = 0;
        while (reference != null) {
            if (reference instanceof HandleReference handle) {
                handle.lease.unreachable = true;
                gone++;
            }
            reference = collected.poll();
        }
        return gone;
    }

    List<LeaseEvent> events() {
        List<LeaseEvent> drained = new ArrayList<>();
        events.drainTo(drained);
        return drained;
    }

    long lostEvents() {
        return lostEvents.get();
    }
}
