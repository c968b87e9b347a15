package io.pgheal.track;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;

/** Tells when the application's handle was collected. */
final class HandleReference extends PhantomReference<Object> {
    final Lease lease;

    HandleReference(Object handle, ReferenceQueue<Object> queue, Lease lease) {
        super(handle, queue);
        this.lease = lease;
    }
}
