package io.pgheal.track;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The open leases. Each physical connection has its own place here, as long as there are no more connections than
 * places, so that adding a lease is one reference write. If the place is taken, a set holds the lease instead. The
 * place may be taken by a lease of another connection, or by the previous lease of the same connection, which leaves
 * only after its pool could lend the connection again. Thread-safe, without locks: a lease stays where it was added, so
 * an iteration sees each lease that is open all the while.
 */
final class OpenLeases implements Iterable<Lease> {
    /** A power of two; larger than most pools. */
    private static final int PLACES = 256;
    /** Odd, so that all places are used in turn; large enough that consecutive connections share no cache line. */
    private static final int APART = 17;

    static {
        // Links here what the JDK links at first use. That takes stack, which may be missing deep in a call.
        AtomicReferenceArray<@Nullable Object> any = new AtomicReferenceArray<>(1);
        any.set(0, any);
        any.compareAndSet(0, any.get(0), null);
    }

    private final AtomicReferenceArray<@Nullable Lease> places = new AtomicReferenceArray<>(PLACES);
    private final AtomicInteger assigned = new AtomicInteger();
    private final Set<Lease> others = ConcurrentHashMap.newKeySet();

    /** Assigns a place to a connection that was never lent before. */
    int place() {
        return (assigned.getAndIncrement() * APART) & (PLACES - 1);
    }

    void add(Lease lease) {
        if (!places.compareAndSet(lease.place(), null, lease)) {
            others.add(lease);
        }
    }

    /** False if the lease was already removed. */
    boolean remove(Lease lease) {
        return places.compareAndSet(lease.place(), lease, null) || others.remove(lease);
    }

    boolean contains(Lease lease) {
        return places.get(lease.place()) == lease || others.contains(lease);
    }

    @Override
    public Iterator<Lease> iterator() {
        return new Walk(places, others.iterator());
    }

    /** Copies nothing: there may be thousands of leases. */
    static final class Walk implements Iterator<Lease> {
        private final AtomicReferenceArray<@Nullable Lease> places;
        private final Iterator<Lease> elsewhere;
        private int place;
        private @Nullable Lease next;

        Walk(AtomicReferenceArray<@Nullable Lease> places, Iterator<Lease> elsewhere) {
            this.places = places;
            this.elsewhere = elsewhere;
            this.next = following();
        }

        private @Nullable Lease following() {
            while (place < PLACES) {
                Lease lease = places.get(place++);
                if (lease != null) {
                    return lease;
                }
            }
            return elsewhere.hasNext() ? elsewhere.next() : null;
        }

        @Override
        public boolean hasNext() {
            return next != null;
        }

        @Override
        public Lease next() {
            Lease found = next;
            if (found == null) {
                throw new NoSuchElementException();
            }
            next = following();
            return found;
        }
    }

    /** Counts by iteration: an overflow inside the set can leave the set's own count wrong for good. */
    int count() {
        int count = others.toArray().length;
        for (int i = 0; i < PLACES; i++) {
            count += places.get(i) == null ? 0 : 1;
        }
        return count;
    }
}
