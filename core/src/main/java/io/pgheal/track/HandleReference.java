package io.pgheal.track;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;

/** Enqueued when the collector has found the application's handle unreachable. */
final class HandleReference extends PhantomReference<Object> {
    final Lease lease;

    HandleReference(Object handle, ReferenceQueue<Object> queue, Lease lease) {
        super(handle, queue);
        this.lease = lease;
    }
}
