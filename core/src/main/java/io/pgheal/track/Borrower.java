package io.pgheal.track;

import java.lang.ref.WeakReference;

/**
 * The thread that a physical connection is lent to, and what its leases need to know of the connection. Kept from one
 * lease to the next, for often it is the same thread again. Immutable, and holds neither the thread nor the connection.
 */
final class Borrower extends WeakReference<Thread> {
    final long threadId;
    final PhysicalConnection physical;
    /** Where the leases of this connection are entered among the open ones. */
    final int place;

    private Borrower(Thread thread, PhysicalConnection physical, int place) {
        super(thread);
        this.threadId = thread.getId();
        this.physical = physical;
        this.place = place;
    }

    static Borrower currentThread(PhysicalConnection physical, int place) {
        return new Borrower(Thread.currentThread(), physical, place);
    }
}
