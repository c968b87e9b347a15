package io.pgheal.track;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The leases that are open. Each physical connection has a place of its own here, as long as there are no more connections
 * than places, so that to enter a lease is to write one reference. Where the place is taken, by another connection's lease
 * or by the last one of the same connection (it leaves only after its pool could lend anew), a set takes the lease in.
 * Thread-safe, without locks: a lease stays where it was entered, so an iteration sees each that is open all the while.
 */
final class OpenLeases implements Iterable<Lease> {
    /** A power of two; more connections than most pools have. */
    private static final int PLACES = 256;
    /** Odd, so that all places have their turn; and so far that neighbours in time share no cache line. */
    private static final int APART = 17;

    static {
        // The JDK links what these do at their first use, and that takes stack: here, and not deep in some other one.
        AtomicReferenceArray<@Nullable Object> any = new AtomicReferenceArray<>(1);
        any.set(0, any);
        any.compareAndSet(0, any.get(0), null);
    }

    private final AtomicReferenceArray<@Nullable Lease> places = new AtomicReferenceArray<>(PLACES);
    private final AtomicInteger assigned = new AtomicInteger();
    private final Set<Lease> others = ConcurrentHashMap.newKeySet();

    /** A place for a connection that was never lent before. */
    int place() {
        return (assigned.getAndIncrement() * APART) & (PLACES - 1);
    }

    void add(Lease lease) {
        if (!places.compareAndSet(lease.place(), null, lease)) {
            others.add(lease);
        }
    }

    /** False if it was removed already. */
    boolean remove(Lease lease) {
        return places.compareAndSet(lease.place(), lease, null) || others.remove(lease);
    }

    boolean contains(Lease lease) {
        return places.get(lease.place()) == lease || others.contains(lease);
    }

    @Override
    public Iterator<Lease> iterator() {
        List<Lease> found = new ArrayList<>(others);
        for (int i = 0; i < PLACES; i++) {
            Lease lease = places.get(i);
            if (lease != null) {
                found.add(lease);
            }
        }
        return found.iterator();
    }

    /** Counted anew: an overflow inside the set can leave its own count wrong for good. */
    int count() {
        int count = others.toArray().length;
        for (int i = 0; i < PLACES; i++) {
            count += places.get(i) == null ? 0 : 1;
        }
        return count;
    }
}
