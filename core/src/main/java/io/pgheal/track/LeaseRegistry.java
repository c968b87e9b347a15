package io.pgheal.track;

import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.PhysicalIdentity;
import io.pgheal.postgres.SqlState;
import java.lang.invoke.MethodHandles;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.Parser;
import org.postgresql.core.TransactionState;
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
    private static final int RECENT = 64; // a power of two
    private static final long EXHAUSTED_NANOS = 500_000_000L;

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

    private final String dataSource;
    private final Pool pool;
    private final boolean preflight;
    private final int borrowStackDepth;
    private final Ticker ticker;
    private final BooleanSupplier insideTransaction;
    private volatile StatementTags tags;
    private @Nullable Tracing tracing;

    private final OpenLeases open = new OpenLeases();
    /** Closed, and their transactions are open still: the last lease of each connection. */
    private final Map<BaseConnection, Lease> leftOpen = new ConcurrentHashMap<>();

    private final AtomicLong ids = new AtomicLong();
    private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
    private final ArrayBlockingQueue<LeaseEvent> events = new ArrayBlockingQueue<>(EVENTS_KEPT);
    private final AtomicLong lostEvents = new AtomicLong();
    private final AtomicLong quarantined = new AtomicLong();
    private final Map<BaseConnection, Known> physicals = Collections.synchronizedMap(new WeakHashMap<>());
    /** Of {@code physicals}, those that were asked for last, by their identity hash: to find one there takes no lock. */
    private final AtomicReferenceArray<@Nullable Known> recent = new AtomicReferenceArray<>(RECENT);

    private final BorrowSites sites = new BorrowSites();

    @SuppressWarnings("ThreadLocalUsage") // one for each data source, gone with it
    private final ThreadLocal<@Nullable LeaseScope> scopes = new ThreadLocal<>();

    @SuppressWarnings("ThreadLocalUsage") // one for each data source, gone with it
    private final ThreadLocal<@Nullable LongTransaction> longTransactions = new ThreadLocal<>();

    /** As for {@link #scoped}. */
    private volatile boolean longWork;

    /** The loop has nothing to look at, and wants to see the next lease early. */
    private volatile boolean wakeOnLend;
    /** Where there are no scopes, threads need not be asked for theirs; asking leaves an entry in each. */
    private volatile boolean scoped;

    /**
     * A physical connection, and who borrowed it last: often the same thread again, which needs but one reference. It does
     * not hold the connection. Read and written by whom the connection is lent to, one at a time; what one has written,
     * the pool's handing over shows to the next.
     */
    private static final class Known extends WeakReference<BaseConnection> {
        private Borrower borrower;
        /** It has been seen in the middle of a transaction only, and nobody has been asked who serves it. */
        private boolean toBeAsked;

        Known(BaseConnection driver, PhysicalConnection physical, int place, boolean toBeAsked) {
            super(driver);
            this.borrower = Borrower.currentThread(physical, place);
            this.toBeAsked = toBeAsked;
        }

        void asked(PhysicalConnection physical) {
            borrower = Borrower.currentThread(physical, borrower.place);
            toBeAsked = false;
        }

        Borrower borrowedByCurrentThread() {
            Borrower last = borrower;
            if (!last.refersTo(Thread.currentThread())) {
                last = Borrower.currentThread(last.physical, last.place);
                borrower = last;
            }
            return last;
        }
    }

    private final AtomicInteger complaints = new AtomicInteger();
    private final AtomicBoolean poolerTold = new AtomicBoolean();
    private final AtomicBoolean lateTold = new AtomicBoolean();
    private volatile Consumer<PhysicalIdentity> newConnection = nobody -> {};
    private volatile boolean healerEnded;
    private volatile boolean leavesOpen;
    private volatile boolean knowsGlobalTransactions;
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
        this.dataSource = dataSource;
        this.pool = pool;
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
        speakForItself(driver);
        Known known = known(lent, driver);
        LeaseScope scope = scoped ? scopes.get() : null;
        TraceContext trace = tracing == null ? null : span(tracing);
        Lease lease = new Lease(
                ids.incrementAndGet(),
                this,
                lent,
                driver,
                known.borrowedByCurrentThread(),
                BorrowStack.capture(borrowStackDepth),
                scope);
        lease.borrowedIn(trace);
        ConnectionHandle handle = new ConnectionHandle(lease);
        lease.reference = new HandleReference(handle, collected, lease);
        if (scope != null) {
            scope.leaseOpened();
        }
        LongTransaction work = longWork ? longTransactions.get() : null;
        if (work != null) {
            lease.keepSafe(work);
        }
        boolean whole = false;
        try {
            open.add(lease);
            speakForItself(driver); // whoever closed it may have been late to enter it
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

    private Known known(Connection lent, BaseConnection driver) throws SQLException {
        int index = System.identityHashCode(driver) & (RECENT - 1);
        Known known = recent.get(index);
        if (known == null || !known.refersTo(driver)) {
            known = physicals.get(driver);
            if (known == null) {
                boolean later = isInTransaction(driver);
                known = new Known(driver, later ? unknown(driver) : identify(lent, driver), open.place(), later);
                physicals.put(driver, known);
            }
            recent.set(index, known);
        }
        if (known.toBeAsked) {
            askLate(known, lent, driver);
        }
        return known;
    }

    /** Whoever began the transaction, the pool itself with auto-commit off or an XA one, it is not asked within it. */
    private void askLate(Known known, Connection lent, BaseConnection driver) throws SQLException {
        if (!isInTransaction(driver)) {
            known.asked(identify(lent, driver));
        } else if (lateTold.compareAndSet(false, true)) {
            tell(
                    "a new connection was lent with a transaction open, begun by the pool's own settings or by XA: who serves"
                            + " it is asked once that is over, and until then it is only ever aborted, never signalled");
        }
    }

    /**
     * The application has ended a transaction: now is the time to ask what could not be asked when the connection was lent.
     * Where the pool begins one at each borrow, to test the connection, there is no other. Known from the next lease on.
     */
    void transactionEnded(Connection lent, BaseConnection driver) throws SQLException {
        Known known = physicals.get(driver);
        if (known != null && known.toBeAsked) {
            askLate(known, lent, driver);
        }
    }

    static boolean isInTransaction(BaseConnection driver) {
        TransactionState state = driver.getTransactionState();
        return state == TransactionState.OPEN || state == TransactionState.FAILED;
    }

    private static PhysicalConnection unknown(BaseConnection driver) {
        return new PhysicalConnection(driver.getBackendPID(), null);
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

    private PhysicalConnection identify(Connection lent, BaseConnection driver) throws SQLException {
        try {
            PhysicalIdentity identity = PhysicalIdentity.read(lent);
            if (identity.poolerInBetween()) {
                tellOfPooler(
                        "a pooler stands between " + dataSource + " and its server: backends are never signalled by "
                                + "the driver's pid, an abandoned connection is still aborted");
            }
            newConnection.accept(identity);
            return new PhysicalConnection(driver.getBackendPID(), identity);
        } catch (SQLException | RuntimeException | Error e) {
            if (CutCall.isCutBy(e)) {
                driver.abort(Runnable::run); // the next answer on it would be this question's
                throw e;
            }
            complain("asking a new connection who serves it (it will only ever be aborted, never signalled)", e);
            return unknown(driver);
        }
    }

    /** Who wants to know each new physical connection; called by the application's threads, so it waits for nothing. */
    public void onNewConnection(Consumer<PhysicalIdentity> listener) {
        newConnection = listener;
    }

    /** Opens a scope on the calling thread. */
    public LeaseScope openScope(String name, boolean ownedByApplication) {
        scoped = true;
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
        LongTransaction work = new LongTransaction(this, ticker.nanos() + bounded.toNanos(), longTransactions.get());
        Thread current = Thread.currentThread();
        for (Lease lease : open) {
            if (lease.ownerThread() == current) {
                lease.keepSafe(work);
            }
        }
        longWork = true;
        longTransactions.set(work);
        return work;
    }

    void longTransactionClosed(LongTransaction closed) {
        LongTransaction current = longTransactions.get();
        while (current != null && current != closed) {
            current = current.outer(); // an inner one that was never closed ends with this one
        }
        if (current == null) {
            return;
        }
        LongTransaction outer = closed.outer();
        if (outer == null) {
            longTransactions.remove();
        } else {
            longTransactions.set(outer);
        }
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

    /** Who has closed this connection says nothing about it any more. */
    private void speakForItself(BaseConnection driver) {
        if (leavesOpen) {
            leftOpen.remove(driver);
        }
    }

    /** A transaction is open on what was just closed: the same one still, unless it has been lent since. */
    void leftOpen(Lease lease) {
        if (isLentTwice(lease) || !isInTransaction(lease.driver())) {
            return;
        }
        lease.leftOpen();
        leavesOpen = true;
        leftOpen.put(lease.driver(), lease);
        if (isLentTwice(lease)) {
            leftOpen.remove(lease.driver(), lease);
        }
        if (healerEnded) {
            leftOpen.clear(); // nobody looks
        }
    }

    private boolean isLentTwice(Lease lease) {
        for (Lease other : open) {
            if (other != lease && other.driver() == lease.driver()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether a transaction manager (JTA) was seen at work: with auto-commit off, which the borrower had not said, a
     * transaction outlived {@code close()}, and once it was over auto-commit was on again, though nobody had borrowed since.
     */
    boolean knowsGlobalTransactions() {
        return knowsGlobalTransactions;
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
        raise(new LeaseEvent.FailedWait(lease, failure, statement));
    }

    void refuted(Lease lease, Revocation judgement) {
        raise(new LeaseEvent.Refuted(lease, judgement));
    }

    /** @param spared whether its transaction is not to be touched whatever becomes of its connection */
    void outlived(PhysicalConnection physical, BaseConnection driver, boolean spared) {
        physicals.remove(driver);
        int index = System.identityHashCode(driver) & (RECENT - 1);
        Known known = recent.get(index);
        if (known != null && known.refersTo(driver)) {
            recent.compareAndSet(index, known, null);
        }
        BackendId backend = physical.backend();
        if (backend != null && !spared) {
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

    void extend(Lease lease, Duration time) {
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

    Iterable<Lease> openLeases() {
        return open;
    }

    // ---- the healing loop

    /** From now on nobody finishes what an application's thread leaves. */
    public void healerEnds() {
        healerEnded = true;
        leftOpen.clear();
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
        Reference<?> reference = collected.remove(millis);
        int gone = 0;
        while (reference != null) {
            if (reference instanceof HandleReference handle) {
                handle.lease.unreachable = true;
                gone++;
            }
            reference = collected.poll();
        }
        return gone;
    }

    public List<LeaseEvent> events() {
        List<LeaseEvent> drained = new ArrayList<>();
        events.drainTo(drained);
        return drained;
    }

    /**
     * One look at every lease that is open, or was closed while its transaction stayed open.
     *
     * @param answeredFor up to which moment all is found that nothing refers to; null if none is known
     */
    public List<LeaseSnapshot> look(long now, @Nullable Long answeredFor) {
        lookAtPool(now);
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
        if (leavesOpen) {
            lookAtLeftOpen(now, answeredFor, seen);
        }
        return seen;
    }

    private void lookAtLeftOpen(long now, @Nullable Long answeredFor, List<LeaseSnapshot> seen) {
        Set<BaseConnection> lent = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Lease lease : open) {
            lent.add(lease.driver());
        }
        leftOpen.keySet().removeAll(lent); // whoever has it now speaks for it
        leftOpen.values().removeIf(this::isOver);
        for (Lease lease : leftOpen.values()) {
            seen.add(look(lease, now, answeredFor));
        }
    }

    private boolean isOver(Lease lease) {
        if (!lease.isConnected()) {
            return true;
        }
        boolean over = !isInTransaction(lease.driver());
        if (over
                && lease.wasSwitchedByOthers()
                && !lease.isSwitchedByOthers()
                && leftOpen.get(lease.driver()) == lease) { // else it was the next borrower
            knowsGlobalTransactions = true;
        }
        return over;
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
        leftOpen.values().forEach(lease -> restartClock(lease, now));
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
        Long since = exhaustedSince;
        return since == null ? Duration.ZERO : Duration.ofNanos(now - since);
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
