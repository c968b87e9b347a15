package io.pgheal.track;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A unit of work on one thread whose leases must not outlive it. Opened by {@code dataSource.scope(name)}; the thread
 * that opened it must close it. A lease that is still open then passes to the enclosing scope, if there is one.
 * Otherwise the end of the scope becomes evidence about the lease, and any later call on the lease withdraws that
 * evidence.
 */
public final class LeaseScope implements AutoCloseable {
    private final LeaseRegistry registry;
    private volatile String name;
    private final boolean ownedByApplication;
    private final boolean insideTransaction;
    private final @Nullable LeaseScope outer;
    private final AtomicInteger openLeases = new AtomicInteger();
    private volatile boolean asynchronous;
    private volatile @Nullable Throwable thrown;
    private volatile boolean over;
    private volatile boolean leasesMove;
    private final long opener = Thread.currentThread().getId();
    private volatile boolean endedElsewhere;

    LeaseScope(
            LeaseRegistry registry,
            String name,
            boolean ownedByApplication,
            boolean insideTransaction,
            @Nullable LeaseScope outer) {
        this.registry = registry;
        this.name = name;
        this.ownedByApplication = ownedByApplication;
        this.insideTransaction = insideTransaction;
        this.outer = outer;
    }

    @Nullable
    LeaseScope outer() {
        return outer;
    }

    public String name() {
        return name;
    }

    /** Renames the scope when a better name becomes known. Evidence uses the name at its end. */
    public void rename(String better) {
        name = better;
    }

    /** The work ended by this throwable, even if some code caught it on the way. */
    public void failed(Throwable cause) {
        thrown = cause;
    }

    /** The work continues elsewhere: {@link #close} only detaches the thread, {@link #completed} ends the scope. */
    public void continuesElsewhere() {
        asynchronous = true;
    }

    /** Whether the opening thread is done but the work is not: then the state of that thread proves nothing. */
    boolean isElsewhere() {
        return asynchronous && !over;
    }

    boolean isOver() {
        return over;
    }

    /** Detaches the thread, and ends the scope unless its work continues elsewhere. Idempotent; never throws. */
    @Override
    public void close() {
        registry.work().end(this);
        if (!asynchronous) {
            completed();
        }
    }

    /** The work is over. Called by the thread that ends work which continued elsewhere. Idempotent; never throws. */
    public void completed() {
        if (over) {
            return;
        }
        endedElsewhere = Thread.currentThread().getId() != opener;
        over = true;
        if (leasesMove) {
            registry.movingWork().learn(name);
        }
        if (openLeases.get() != 0) {
            endOpenLeases();
        }
    }

    /** A lease of this work moved, and so of the work around it. Learned once the name is final. */
    void leaseMoved() {
        for (LeaseScope each = this; each != null; each = each.outer) {
            each.leasesMove = true;
            if (each.over) { // looked at after the mark, as the end looks at the mark after it is over
                registry.movingWork().learn(each.name);
            }
        }
    }

    private void endOpenLeases() {
        LeaseScope heir = outer;
        while (heir != null && heir.over) {
            heir = heir.outer;
        }
        for (Lease lease : registry.openLeases()) {
            if (lease.scope() == this) {
                if (heir != null) {
                    heir.openLeases.incrementAndGet();
                    lease.passTo(heir, endFor(lease, true));
                } else {
                    lease.scopeEnded(endFor(lease, false));
                }
            }
        }
        registry.wake();
    }

    /**
     * What this scope's end proves about a lease. If an inner scope passed the lease on and no call came since, the
     * lease outlived the inner scope as well, and what the inner end proved counts too. An inner scope that began
     * inside a transaction or continues elsewhere proved nothing. An inner end never makes up for what weakens this
     * end.
     */
    private ScopeEnd endFor(Lease lease, boolean passedOn) {
        long word = lease.word();
        Throwable cause = thrown;
        ScopeEnd inner = proof(lease.passedBy());
        return new ScopeEnd(
                inner != null ? inner.scope() + ", in " + name + "," : name,
                cause != null ? cause.getClass().getName() : inner != null ? inner.thrown() : null,
                ownedByApplication || (inner != null && inner.ownedByApplication()),
                insideTransaction,
                asynchronous || endedElsewhere,
                passedOn,
                StateWord.sequence(word),
                lease.touches(),
                lease.callIsMine());
    }

    /** The inner end, if it is a proof by itself. */
    private static @Nullable ScopeEnd proof(@Nullable ScopeEnd inner) {
        return inner != null
                        && !inner.insideTransaction()
                        && !inner.asynchronous()
                        && (inner.ownedByApplication() || inner.thrown() != null)
                ? inner
                : null;
    }

    void leaseOpened() {
        openLeases.incrementAndGet();
    }

    void leaseClosed() {
        openLeases.decrementAndGet();
    }
}
