package io.pgheal.track;

import java.lang.ref.WeakReference;

/**
 * The thread that a physical connection is lent to, and what the connection's leases need to know of the connection.
 * Kept from one lease to the next, because often the same thread borrows again. Immutable. Holds neither the thread nor
 * the connection.
 */
final class Borrower extends WeakReference<Thread> {
    final long threadId;
    /** As the thread was called when it first borrowed this connection. */
    final String threadName;

    final PhysicalConnection physical;
    /** The place of this connection's leases in {@link OpenLeases}. */
    final int place;

    private Borrower(Thread thread, PhysicalConnection physical, int place) {
        super(thread);
        this.threadId = thread.getId();
        this.threadName = thread.getName();
        this.physical = physical;
        this.place = place;
    }

    static Borrower currentThread(PhysicalConnection physical, int place) {
        return new Borrower(Thread.currentThread(), physical, place);
    }
}
