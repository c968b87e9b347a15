package io.pgheal.track;

import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.PhysicalIdentity;
import io.pgheal.postgres.SqlState;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open leases of one data source. Application threads come in by {@link #lend}; the healing loop waits, looks and
 * drains by {@link #await}, {@link #look} and {@link #events}. Thread-safe, except that the latter three belong to the
 * one loop thread. No method that an application thread calls waits for the healing side.
 */
public final class LeaseRegistry {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseRegistry.class);
    private static final int EVENTS_KEPT = 1024;
    private static final long EXHAUSTED_NANOS = 500_000_000L;

    private final String dataSource;
    private final Pool pool;
    private final boolean preflight;
    private final int borrowStackDepth;
    private final Ticker ticker;
    private final BooleanSupplier insideTransaction;

    private final Set<Lease> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong ids = new AtomicLong();
    private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
    private final ArrayBlockingQueue<LeaseEvent> events = new ArrayBlockingQueue<>(EVENTS_KEPT);
    private final AtomicLong lostEvents = new AtomicLong();
    private final AtomicLong quarantined = new AtomicLong();
    private final Map<BaseConnection, PhysicalConnection> physicals = Collections.synchronizedMap(new WeakHashMap<>());
    private final BorrowSites sites = new BorrowSites();

    @SuppressWarnings("ThreadLocalUsage") // one for each data source, gone with it
    private final ThreadLocal<@Nullable LeaseScope> scopes = new ThreadLocal<>();

    private final AtomicInteger complaints = new AtomicInteger();
    private final AtomicBoolean poolerTold = new AtomicBoolean();
    private volatile boolean exhausted;
    private @Nullable Long exhaustedSince; // of the loop

    /**
     * A registry without leases.
     *
     * @param insideTransaction whether a transaction that reaches beyond a new scope is active on the calling thread
     */
    public LeaseRegistry(
            String dataSource,
            Pool pool,
            boolean preflight,
            int borrowStackDepth,
            Ticker ticker,
            BooleanSupplier insideTransaction) {
        this.dataSource = dataSource;
        this.pool = pool;
        this.preflight = preflight;
        this.borrowStackDepth = borrowStackDepth;
        this.ticker = ticker;
        this.insideTransaction = insideTransaction;
    }

    // ---- the application's threads

    /** The stack that the next driver call needs is there, or the overflow comes now. */
    void ensureStack() {
        if (preflight) {
            StackPreflight.touch(ids.get());
        }
    }

    boolean preflight() {
        return preflight;
    }

    /** Begins the lease of a connection that the pool just lent. The caller closes {@code lent} if this throws. */
    ConnectionHandle lend(Connection lent, BaseConnection driver) throws SQLException {
        PhysicalConnection physical = physicals.get(driver);
        if (physical == null) {
            physical = identify(lent, driver);
            physicals.put(driver, physical);
        }
        LeaseScope scope = scopes.get();
        Lease lease = new Lease(
                ids.incrementAndGet(), this, lent, driver, physical, BorrowStack.capture(borrowStackDepth), scope);
        ConnectionHandle handle = new ConnectionHandle(lease, lent);
        lease.reference = new HandleReference(handle, collected, lease);
        if (scope != null) {
            scope.leaseOpened();
        }
        boolean whole = false;
        try {
            open.add(lease);
            whole = true;
            return handle;
        } finally {
            if (!whole) {
                abandonUnborn(lease);
            }
        }
    }

    /** A lease whose lending failed is over before it began: nobody will ever revoke it, or abort its connection. */
    void abandonUnborn(Lease lease) {
        lease.state.close(); // first: whatever cuts the rest
        closed(lease);
    }

    private PhysicalConnection identify(Connection lent, BaseConnection driver) throws SQLException {
        try {
            PhysicalIdentity identity = PhysicalIdentity.read(lent);
            if (identity.poolerInBetween()) {
                tellOfPooler(
                        "a pooler stands between " + dataSource + " and its server: backends are never signalled by "
                                + "the driver's pid, an abandoned connection is still aborted");
            }
            return new PhysicalConnection(driver.getBackendPID(), identity);
        } catch (SQLException | RuntimeException | Error e) {
            if (CutCall.isCutBy(e)) {
                driver.abort(Runnable::run); // the next answer on it would be this question's
                throw e;
            }
            complain("asking a new connection who serves it (it will only ever be aborted, never signalled)", e);
            return new PhysicalConnection(driver.getBackendPID(), null);
        }
    }

    /** Opens a scope on the calling thread. */
    public LeaseScope openScope(String name, boolean ownedByApplication) {
        LeaseScope scope =
                new LeaseScope(this, name, ownedByApplication, insideTransaction.getAsBoolean(), scopes.get());
        scopes.set(scope);
        return scope;
    }

    void scopeClosed(LeaseScope scope, @Nullable LeaseScope outer) {
        LeaseScope current = scopes.get();
        while (current != null && current != scope) {
            current = current.outer(); // an inner scope that was never closed is left with this one
        }
        if (current == null) {
            return; // closed by another thread, or already: the thread's own scope stands
        }
        if (outer == null) {
            scopes.remove();
        } else {
            scopes.set(outer);
        }
    }

    void closed(Lease lease) {
        if (!open.remove(lease)) {
            return;
        }
        HandleReference reference = lease.reference;
        if (reference != null) {
            reference.clear();
        }
        LeaseScope scope = lease.scope();
        if (scope != null) {
            scope.leaseClosed();
        }
        if (lease.isMoved()) {
            sites.learnMove(lease.borrowStack().site());
        }
    }

    boolean isOpen(Lease lease) {
        return open.contains(lease);
    }

    void giveBackLater(Lease lease) {
        raise(new LeaseEvent.CutReturn(lease));
    }

    void failedWait(Lease lease, Failure failure) {
        raise(new LeaseEvent.FailedWait(lease, failure));
    }

    void refuted(Lease lease, Revocation judgement) {
        raise(new LeaseEvent.Refuted(lease, judgement));
    }

    void outlived(PhysicalConnection physical, BaseConnection driver) {
        physicals.remove(driver);
        BackendId backend = physical.backend();
        if (backend != null) {
            raise(new LeaseEvent.Outlived(backend));
        }
    }

    /** A connection was poisoned: the loop will find it. */
    void quarantine() {
        quarantined.incrementAndGet();
        wake();
    }

    private void raise(LeaseEvent event) {
        if (!events.offer(event)) {
            lostEvents.incrementAndGet();
        }
        wake();
    }

    /** Makes the healing loop look at once. */
    public void wake() {
        new WeakReference<>(this, collected).enqueue();
    }

    void extend(Lease lease, java.time.Duration time) {
        lease.extendUntil(ticker.nanos() + time.toNanos());
    }

    Pool pool() {
        return pool;
    }

    void complain(String while_, Throwable e) {
        String what = e.getClass().getName() + (SqlState.of(e) == null ? "" : " SQLSTATE " + SqlState.of(e));
        if (complaints.incrementAndGet() <= 100) {
            LOG.warn("[{}] {} failed: {}; the application goes on as without it", dataSource, while_, what);
        } else {
            LOG.debug("[{}] {} failed: {}", dataSource, while_, what);
        }
    }

    private void tellOfPooler(String what) {
        if (poolerTold.compareAndSet(false, true)) {
            LOG.warn("[{}] {}", dataSource, what);
        }
    }

    void tell(String what) {
        LOG.info("[{}] {}", dataSource, what);
    }

    void grumble(String while_, Throwable e) {
        LOG.debug("[{}] {}: {}", dataSource, while_, e.getClass().getName());
    }

    Collection<Lease> openLeases() {
        return Collections.unmodifiableSet(open);
    }

    // ---- the healing loop

    /** Waits until something was enqueued or {@code millis} have passed, and marks the leases whose handles are gone. */
    public void await(long millis) throws InterruptedException {
        Reference<?> reference = collected.remove(millis);
        while (reference != null) {
            if (reference instanceof HandleReference handle) {
                handle.lease.unreachable = true;
            }
            reference = collected.poll();
        }
    }

    public List<LeaseEvent> events() {
        List<LeaseEvent> drained = new ArrayList<>();
        events.drainTo(drained);
        return drained;
    }

    /** One look at every open lease. */
    public List<LeaseSnapshot> look(long now) {
        lookAtPool(now);
        List<LeaseSnapshot> seen = new ArrayList<>();
        for (Lease lease : open) {
            LeaseWatch watch = lease.watch;
            if (watch == null) {
                watch = new LeaseWatch(lease, now);
                lease.watch = watch;
            }
            seen.add(watch.observe(now, sites));
        }
        return seen;
    }

    /** The loop was starved: what it did not see does not count. */
    public void restartClocks(long now) {
        for (Lease lease : open) {
            LeaseWatch watch = lease.watch;
            if (watch != null) {
                watch.restart(now);
            }
        }
    }

    public BorrowSites sites() {
        return sites;
    }

    public int openCount() {
        return open.size();
    }

    /** Whether callers have been waiting for a connection at every look for half a second. */
    public boolean isPoolExhausted() {
        return exhausted;
    }

    /** A pool that is merely opening one more connection looks exhausted, too, for a moment. */
    private void lookAtPool(long now) {
        if (!pool.isExhausted()) {
            exhaustedSince = null;
            exhausted = false;
            return;
        }
        if (exhaustedSince == null) {
            exhaustedSince = now;
        }
        exhausted = now - exhaustedSince >= EXHAUSTED_NANOS;
    }

    /** Events that found the queue full; more than none means that the healing loop is overrun. */
    public long lostEvents() {
        return lostEvents.get();
    }

    /** How many connections were cut by an error and kept from the next borrower. */
    public long quarantined() {
        return quarantined.get();
    }
}
