package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.PhysicalIdentity;
import io.pgheal.postgres.SqlState;
import java.lang.invoke.MethodHandles;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.Parser;

/**
 * The open leases of one data source. Application threads come in by {@link #lend}; the healing loop waits, looks and
 * drains by {@link #await}, {@link #look} and {@link #events}. Thread-safe, except that the latter three belong to the
 * one loop thread. No method that an application thread calls waits for the healing side.
 */
@Internal
public final class LeaseRegistry {
    /**
     * A class whose initializer an overflow cuts can never be used again, so none is initialized deep in some stack. Nor is
     * one found there that the first cut needs: that takes more stack than most driver calls, and would be cut each time.
     */
    private static final Class<?>[] USED_ON_APPLICATION_THREADS = {
        BorrowStack.class,
        Borrower.class,
        Call.class,
        CopyHandle.class,
        CutCall.class,
        DriverHandle.class,
        DriverView.class,
        Failure.class,
        HostedReader.class,
        HostedStream.class,
        HostedWriter.class,
        Lease.class,
        Lease.Cut.class,
        Lease.Hosting.class,
        OpenLeases.class,
        Parser.class,
        PhysicalIdentity.class,
        SessionBound.class,
        SqlState.class,
        StatementWords.class,
        StateWord.class,
        StateWord.Closing.class
    };

    static {
        try {
            for (Class<?> each : USED_ON_APPLICATION_THREADS) {
                MethodHandles.lookup().ensureInitialized(each);
            }
        } catch (IllegalAccessException e) {
            throw new ExceptionInInitializerError(e);
        }
        BorrowStack.capture(1); // and what the JDK needs for it
    }

    private final Pool pool;
    private final boolean preflight;
    private final int borrowStackDepth;
    private final Ticker ticker;
    private final BooleanSupplier insideTransaction;
    private volatile StatementTags tags;
    private @Nullable Tracing tracing;

    private final AtomicLong ids = new AtomicLong();
    private final AtomicLong quarantined = new AtomicLong();
    private final OpenLeases open = new OpenLeases();
    private final LeftOpenLeases leftOpen = new LeftOpenLeases(open);
    private final PhysicalConnections physicals;
    private final ThreadWork work = new ThreadWork();
    private final LoopQueue queue = new LoopQueue();
    private final PoolPressure pressure;
    private final TrackerLog log;
    private final BorrowSites sites = new BorrowSites();

    /** The loop has nothing to look at, and wants to see the next lease early. */
    private volatile boolean wakeOnLend;

    private volatile boolean healerEnded;

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
        this(dataSource, pool, preflight, borrowStackDepth, ticker, insideTransaction, Set.of());
    }

    /**
     * The same, with tags of statements to look out for.
     *
     * @param statementTags a transaction that ran a statement with one of them in a comment is to be spared
     */
    public LeaseRegistry(
            String dataSource,
            Pool pool,
            boolean preflight,
            int borrowStackDepth,
            Ticker ticker,
            BooleanSupplier insideTransaction,
            Set<String> statementTags) {
        this.log = new TrackerLog(dataSource);
        this.physicals = new PhysicalConnections(log, open::place);
        this.pool = pool;
        this.pressure = new PoolPressure(pool);
        this.preflight = preflight;
        this.borrowStackDepth = borrowStackDepth;
        this.ticker = ticker;
        this.insideTransaction = insideTransaction;
        this.tags = new StatementTags(statementTags);
    }

    /** Before the first borrow: who knows in which span one is. */
    public void tracing(@Nullable Tracing value) {
        tracing = value;
    }

    /** From now on these are looked out for; what a transaction ran before stays as it was judged. */
    public void spareStatementTags(Set<String> statementTags) {
        tags = new StatementTags(statementTags);
    }

    // ---- the application's threads

    /**
     * The stack that a borrow needs is there, or the overflow comes now. Not only where the preflight is on: what the pool has
     * lent is lost for good if an overflow cuts the few frames between its return and the lease, and the closing after that.
     */
    void ensureStack() {
        StackPreflight.touch(ids.get());
    }

    boolean preflight() {
        return preflight;
    }

    /** Begins the lease of a connection that the pool just lent. The caller closes {@code lent} if this throws. */
    ConnectionHandle lend(Connection lent, BaseConnection driver) throws SQLException {
        leftOpen.lent(driver);
        Borrower borrower = physicals.borrow(lent, driver);
        LeaseScope scope = work.scope();
        TraceContext trace = tracing == null ? null : span(tracing);
        Lease lease = new Lease(
                ids.incrementAndGet(), this, lent, driver, borrower, BorrowStack.capture(borrowStackDepth), scope);
        lease.borrowedIn(trace);
        ConnectionHandle handle = new ConnectionHandle(lease);
        lease.reference = queue.watch(handle, lease);
        if (scope != null) {
            scope.leaseOpened();
        }
        LongTransaction longTransaction = work.longTransaction();
        if (longTransaction != null) {
            lease.keepSafe(longTransaction);
        }
        boolean whole = false;
        try {
            open.add(lease);
            leftOpen.lent(driver); // whoever closed it may have been late to enter it
            if (wakeOnLend) {
                wakeOnLend = false;
                wake();
            }
            whole = true;
            return handle;
        } finally {
            if (!whole) {
                abandonUnborn(lease);
            }
        }
    }

    private static @Nullable TraceContext span(Tracing tracing) {
        try {
            return tracing.current();
        } catch (RuntimeException | LinkageError | AssertionError e) {
            return null; // then the incident names none
        }
    }

    /** A lease whose lending failed is over before it began: nobody will ever revoke it, or abort its connection. */
    void abandonUnborn(Lease lease) {
        lease.tryClose(); // first: whatever cuts the rest
        closed(lease);
    }

    /** Who wants to know each new physical connection; called by the application's threads, so it waits for nothing. */
    public void onNewConnection(Consumer<PhysicalIdentity> listener) {
        physicals.onNew(listener);
    }

    /** The application has ended a transaction: what could not be asked when the connection was lent is asked now. */
    void transactionEnded(Connection lent, BaseConnection driver) throws SQLException {
        physicals.transactionEnded(lent, driver);
    }

    /** Opens a scope on the calling thread. */
    public LeaseScope openScope(String name, boolean ownedByApplication) {
        LeaseScope scope =
                new LeaseScope(this, name, ownedByApplication, insideTransaction.getAsBoolean(), work.scope());
        work.begin(scope);
        return scope;
    }

    /**
     * Begins a piece of work on the calling thread that may take long; see {@link LongTransaction}.
     *
     * @param time it lasts no longer than that
     */
    public LongTransaction longTransaction(Duration time) {
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException("a long transaction lasts " + time + "; write a time longer than zero");
        }
        Duration bounded = time.compareTo(Lease.LONGEST_EXTENSION) > 0 ? Lease.LONGEST_EXTENSION : time;
        LongTransaction begun = new LongTransaction(work, ticker.nanos() + bounded.toNanos(), work.longTransaction());
        Thread current = Thread.currentThread();
        for (Lease lease : open) {
            if (lease.ownerThread() == current) {
                lease.keepSafe(begun);
            }
        }
        work.begin(begun);
        return begun;
    }

    @Nullable
    String tagIn(@Nullable String sql) {
        return tags.in(sql);
    }

    void closed(Lease lease) {
        if (!open.remove(lease)) {
            return;
        }
        lease.reference = null; // no need to clear it: what nothing refers to is never enqueued
        LeaseScope scope = lease.scope();
        if (scope != null) {
            scope.leaseClosed();
        }
        if (lease.wasMoved()) {
            sites.learnMove(lease.borrowStack().site());
        }
    }

    /** A transaction is open on what was just closed. */
    void leftOpen(Lease lease) {
        leftOpen.add(lease);
    }

    /** Whether a transaction manager (JTA) was seen at work. */
    boolean knowsGlobalTransactions() {
        return leftOpen.knowsGlobalTransactions();
    }

    boolean isOpen(Lease lease) {
        return open.contains(lease);
    }

    /** Whether the pool has lent the connection of this lease again already. */
    boolean isLentAnew(Lease lease, BaseConnection driver) {
        for (Lease other : open) {
            if (other.id() > lease.id() && other.driver() == driver) {
                return true;
            }
        }
        return false;
    }

    /** Whether there is a healing side that finishes what the application cannot. */
    boolean isHealed() {
        return !healerEnded;
    }

    void failedWait(Lease lease, Failure failure, @Nullable String statement) {
        queue.raise(new LeaseEvent.FailedWait(lease, failure, statement));
    }

    void refuted(Lease lease, Revocation judgement) {
        queue.raise(new LeaseEvent.Refuted(lease, judgement));
    }

    /** @param spared whether its transaction is not to be touched whatever becomes of its connection */
    void outlived(PhysicalConnection physical, BaseConnection driver, boolean spared) {
        physicals.forget(driver);
        BackendId backend = physical.backend();
        if (backend != null && !spared) {
            queue.raise(new LeaseEvent.Outlived(backend));
        }
    }

    /** A connection was poisoned: the loop will find it. */
    void quarantine() {
        quarantined.incrementAndGet();
        wake();
    }

    /** Makes the healing loop look at once. */
    public void wake() {
        queue.wake();
    }

    void extend(Lease lease, Duration time) {
        lease.extendUntil(ticker.nanos() + time.toNanos());
    }

    Pool pool() {
        return pool;
    }

    TrackerLog log() {
        return log;
    }

    ThreadWork work() {
        return work;
    }

    Iterable<Lease> openLeases() {
        return open;
    }

    // ---- the healing loop

    /** From now on nobody finishes what an application's thread leaves. */
    public void healerEnds() {
        healerEnded = true;
        leftOpen.healerEnds();
    }

    /** The next look is to come as soon as a connection is lent. */
    public void wakeOnLend() {
        wakeOnLend = true;
    }

    /** Whether it is known whom a statement of this place waits for right now. */
    public boolean isHeldUpAt(String site) {
        for (Lease lease : open) {
            if (lease.isHeldUp() && lease.site().equals(site)) {
                return true;
            }
        }
        return false;
    }

    /** Statements of ours whose wait for a lock was seen, and which are not over. */
    public int heldUpCount() {
        int count = 0;
        for (Lease lease : open) {
            count += lease.isHeldUp() ? 1 : 0;
        }
        return count;
    }

    /**
     * Waits until something was enqueued or {@code millis} have passed, and marks the leases whose handles are gone.
     *
     * @return how many
     */
    public int await(long millis) throws InterruptedException {
        return queue.await(millis);
    }

    public List<LeaseEvent> events() {
        return queue.events();
    }

    /**
     * One look at every lease that is open, or was closed while its transaction stayed open.
     *
     * @param answeredFor up to which moment all is found that nothing refers to; null if none is known
     */
    public List<LeaseSnapshot> look(long now, @Nullable Long answeredFor) {
        pressure.look(now);
        List<LeaseSnapshot> seen = new ArrayList<>();
        for (Lease lease : open) {
            LeaseSnapshot each = look(lease, now, answeredFor);
            if (each.unreachable()
                    && !each.callInProgress()
                    && each.unfinished() == LeaseSnapshot.Unfinished.NOTHING
                    && !lease.isOver() // else whoever has taken it finishes it
                    && lease.isTakenBack()) {
                lease.forget();
            } else {
                seen.add(each);
            }
        }
        for (Lease lease : leftOpen.look()) {
            seen.add(look(lease, now, answeredFor));
        }
        return seen;
    }

    private LeaseSnapshot look(Lease lease, long now, @Nullable Long answeredFor) {
        LeaseWatch watch = lease.watch;
        if (watch == null) {
            watch = new LeaseWatch(lease, now);
            lease.watch = watch;
        }
        return watch.observe(now, sites, answeredFor);
    }

    /** The loop was starved: what it did not see does not count. */
    public void restartClocks(long now) {
        open.forEach(lease -> restartClock(lease, now));
        leftOpen.all().forEach(lease -> restartClock(lease, now));
    }

    private static void restartClock(Lease lease, long now) {
        LeaseWatch watch = lease.watch;
        if (watch != null) {
            watch.restart(now);
        }
    }

    /** How many connections the pool lends at most, if it says so. */
    public Optional<Integer> poolSize() {
        return pool.size();
    }

    public BorrowSites sites() {
        return sites;
    }

    /** Of the open leases, as far as they are known. */
    public Set<BackendId> backends() {
        Set<BackendId> backends = new HashSet<>();
        for (Lease lease : open) {
            BackendId backend = lease.physical().backend();
            if (backend != null) {
                backends.add(backend);
            }
        }
        return backends;
    }

    public int openCount() {
        return open.count();
    }

    /** For how long callers have been waiting for a connection at every look; zero while none does. */
    public Duration exhaustedFor(long now) {
        return pressure.exhaustedFor(now);
    }

    /** Whether callers have been waiting for a connection at every look for half a second. */
    public boolean isPoolExhausted() {
        return pressure.isExhausted();
    }

    /** Events that found the queue full; more than none means that the healing loop is overrun. */
    public long lostEvents() {
        return queue.lostEvents();
    }

    /** How many connections were cut by an error and kept from the next borrower. */
    public long quarantined() {
        return quarantined.get();
    }
}
