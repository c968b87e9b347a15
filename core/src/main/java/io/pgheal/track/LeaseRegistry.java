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
import org.postgresql.util.ByteConverter;
import org.postgresql.util.PGbytea;

/**
 * The open leases of one data source. Application threads call {@link #lend}; the healing loop calls {@link #await},
 * {@link #look} and {@link #events}. Thread-safe, except that the latter three belong to the one loop thread. No method
 * for application threads waits for the healing side.
 */
@Internal
public final class LeaseRegistry {
    /**
     * Initialized in advance, because a class whose initializer an overflow cuts can never be used again. Nor may the
     * first cut have to initialize a class: that takes more stack than most driver calls, and an overflow would cut it
     * each time.
     */
    private static final Class<?>[] USED_ON_APPLICATION_THREADS = {
        ArrayType.class,
        ArrayValue.class,
        BorrowStack.class,
        BorrowStacks.class,
        BorrowStacks.Sample.class,
        Borrower.class,
        ByteConverter.class,
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
        Lease.Respite.class,
        MovingWork.class,
        OpenLeases.class,
        OpenLeases.Walk.class,
        PGbytea.class,
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
        BorrowStack.capture(1); // and what the JDK needs for capturing
    }

    private final Pool pool;
    private final boolean preflight;
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
    private final LearnedWaits waits = new LearnedWaits();
    private final BorrowStacks stacks;
    private final MovingWork movingWork = new MovingWork();

    /** The loop sleeps because nothing is lent, and must wake at the next lease. */
    private volatile boolean wakeOnLend;

    private volatile boolean healerEnded;
    /** How many leases the last look saw. Only for the loop. */
    private int seenLast;

    /**
     * A registry without leases.
     *
     * @param insideTransaction whether the calling thread has an active transaction that reaches beyond a new scope
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
     * A registry that also looks for statement tags.
     *
     * @param statementTags a transaction that ran a statement with one of these tags in a comment is spared
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
        this.stacks = new BorrowStacks(borrowStackDepth, ticker);
        this.ticker = ticker;
        this.insideTransaction = insideTransaction;
        this.tags = new StatementTags(statementTags);
    }

    /** Sets the source of spans. Called before the first borrow. */
    public void tracing(@Nullable Tracing value) {
        tracing = value;
    }

    /** Looks for these tags from now on; earlier statements of a transaction are not judged again. */
    public void spareStatementTags(Set<String> statementTags) {
        tags = new StatementTags(statementTags);
    }

    // ---- the application's threads

    /**
     * Makes sure that a borrow has the stack it needs: otherwise the overflow comes now. Also where the preflight is
     * off: a connection is lost for good if an overflow cuts the few frames between the pool's return and the lease,
     * and then the closing, too.
     */
    void ensureStack() {
        StackPreflight.touch(ids.get());
    }

    boolean preflight() {
        return preflight;
    }

    /**
     * Begins the lease of a connection that the pool just lent. The caller closes {@code lent} if this method throws.
     */
    ConnectionHandle lend(Connection lent, BaseConnection driver) throws SQLException {
        leftOpen.lent(driver);
        Borrower borrower = physicals.borrow(lent, driver);
        LeaseScope scope = work.scope();
        TraceContext trace = tracing == null ? null : span(tracing);
        Lease lease = new Lease(ids.incrementAndGet(), this, lent, driver, borrower, stacks.take(), scope);
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
            leftOpen.lent(driver); // the closing thread may have been late to add it
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
            return null; // then the incident names no span
        }
    }

    /** Ends a lease whose lending failed: nobody will ever revoke it, or abort its connection. */
    void abandonUnborn(Lease lease) {
        lease.tryClose(); // first: an error may cut the rest
        closed(lease);
    }

    /** Adds a listener for each new physical connection. It must not block, because application threads call it. */
    public void onNewConnection(Consumer<PhysicalIdentity> listener) {
        physicals.onNew(listener);
    }

    /**
     * The application has ended a transaction: asks the server what could not be asked when the connection was lent.
     */
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
     * @param time the longest duration of the work
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
        lease.reference = null; // no need to clear the reference: the collector never enqueues an unreachable one
        LeaseScope scope = lease.scope();
        if (scope != null) {
            scope.leaseClosed();
        }
        if (lease.wasMoved()) {
            moved(lease);
        }
        stacks.returned(lease);
    }

    /** The lease was closed while a transaction is open on its connection. */
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

    /** Whether the pool has already lent the connection of this lease again. */
    boolean isLentAnew(Lease lease, BaseConnection driver) {
        for (Lease other : open) {
            if (other.id() > lease.id() && other.driver() == driver) {
                return true;
            }
        }
        return false;
    }

    /** Whether a healing side is there to finish what the application cannot. */
    boolean isHealed() {
        return !healerEnded;
    }

    /**
     * This lease was seen to move between threads, or its owner came back after it was judged lost. From now on the end
     * of a framework's unit of work of this name by an error is no proof: a connection of it may be in use elsewhere.
     */
    public void moved(Lease lease) {
        LeaseScope scope = lease.scope();
        if (scope != null) {
            scope.leaseMoved();
        }
    }

    MovingWork movingWork() {
        return movingWork;
    }

    /** The names of the units of work of which leases were seen to move. */
    public Set<String> namesOfMovingWork() {
        return movingWork.names();
    }

    void failedWait(Lease lease, Failure failure, @Nullable String statement) {
        queue.raise(new LeaseEvent.FailedWait(lease, failure, statement));
    }

    void refuted(Lease lease, Revocation judgement) {
        queue.raise(new LeaseEvent.Refuted(lease, judgement));
    }

    /** @param spared whether its transaction must not be touched, whatever the state of its connection */
    void outlived(PhysicalConnection physical, BaseConnection driver, boolean spared) {
        physicals.forget(driver);
        BackendId backend = physical.backend();
        if (backend != null && !spared) {
            queue.raise(new LeaseEvent.Outlived(backend));
        }
    }

    /** A connection was poisoned: wakes the loop. */
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

    /** From now on nobody finishes what application threads leave undone. */
    public void healerEnds() {
        healerEnded = true;
        leftOpen.healerEnds();
    }

    /** Asks for a look as soon as a connection is lent. */
    public void wakeOnLend() {
        wakeOnLend = true;
    }

    /** Whether the lock holder is known for which a statement of this shape waits right now. */
    public boolean isHeldUp(String statement) {
        for (Lease lease : open) {
            if (lease.isHeldUp() && lease.statementShape().equals(statement)) {
                return true;
            }
        }
        return false;
    }

    /** The number of this data source's running statements whose lock wait was seen. */
    public int heldUpCount() {
        int count = 0;
        for (Lease lease : open) {
            count += lease.isHeldUp() ? 1 : 0;
        }
        return count;
    }

    /**
     * Waits until something was queued or {@code millis} have passed, and marks the leases whose handles were
     * collected.
     *
     * @return how many leases were marked
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
     * @param answeredFor the moment up to which the collector has found every unreachable handle; null if unknown
     */
    public List<LeaseSnapshot> look(long now, @Nullable Long answeredFor) {
        pressure.look(now);
        stacks.look(now);
        List<LeaseSnapshot> seen = new ArrayList<>(seenLast);
        for (Lease lease : open) {
            LeaseSnapshot each = look(lease, now, answeredFor);
            if (each.unreachable()
                    && !each.callInProgress()
                    && each.unfinished() == LeaseSnapshot.Unfinished.NOTHING
                    && !lease.isOver() // otherwise the thread that took the duty finishes it
                    && lease.isTakenBack()) {
                lease.forget();
            } else {
                seen.add(each);
            }
        }
        for (Lease lease : leftOpen.look()) {
            seen.add(look(lease, now, answeredFor));
        }
        seenLast = seen.size();
        return seen;
    }

    private LeaseSnapshot look(Lease lease, long now, @Nullable Long answeredFor) {
        LeaseWatch watch = lease.watch;
        if (watch == null) {
            watch = new LeaseWatch(lease, now);
            lease.watch = watch;
        }
        if (lease.wasMoved()) {
            moved(lease); // not only at its end: another lease of the same work may be judged before
        }
        return watch.observe(now, movingWork, answeredFor);
    }

    /** The loop was starved: time without looks does not count. */
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

    /** How many connections the pool lends at most, if the pool says so. */
    public Optional<Integer> poolSize() {
        return pool.size();
    }

    public LearnedWaits waits() {
        return waits;
    }

    BorrowStacks stacks() {
        return stacks;
    }

    /** The backends of the open leases, as far as known. */
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

    /** How long callers have been waiting for a connection at every look; zero while none waits. */
    public Duration exhaustedFor(long now) {
        return pressure.exhaustedFor(now);
    }

    /** Whether callers have been waiting for a connection at every look for half a second. */
    public boolean isPoolExhausted() {
        return pressure.isExhausted();
    }

    /** The number of events lost to a full queue; more than none means that the healing loop is overrun. */
    public long lostEvents() {
        return queue.lostEvents();
    }

    /** The number of connections that an error cut and that the next borrower did not get. */
    public long quarantined() {
        return quarantined.get();
    }
}
