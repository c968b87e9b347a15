package io.pgheal.track;

import io.pgheal.Internal;
import io.pgheal.postgres.SqlState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyOperation;
import org.postgresql.copy.CopyOut;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * One borrowed connection, from {@code getConnection()} to its return.
 *
 * <p>The application's threads call {@link #enter}, {@link #exit}, {@link #failed}, {@link #touch} and {@link #close}.
 * They record only the state word and a few plain fields, and read no clock: the healing loop dates what it sees
 * ({@link LeaseWatch}). The healing side calls {@link #revoke} and {@link #giveBack}. A lease never refers to its
 * handle; otherwise the handle would never be collected.
 */
@Internal
public final class Lease extends StateWord {
    private static final int STATEMENTS_KEPT = 8;
    private static final AtomicIntegerFieldUpdater<Lease> TOUCHES =
            AtomicIntegerFieldUpdater.newUpdater(Lease.class, "touches");
    private static final AtomicReferenceFieldUpdater<Lease, @Nullable Respite> RESPITE =
            AtomicReferenceFieldUpdater.newUpdater(Lease.class, Respite.class, "respite");
    static final Duration LONGEST_EXTENSION = Duration.ofDays(3650);
    /** After so many errors in a row the cause is no temporary shortage of stack or memory. */
    private static final int MOST_TIMES_CUT = 3;

    private final long id;
    private final LeaseRegistry registry;
    private final Connection lent;
    private final BaseConnection driver;
    private final Borrower owner;
    private final BorrowStack borrowStack;
    private volatile @Nullable LeaseScope scope;
    private @Nullable TraceContext trace;

    // Written by the application's threads, read by the healing loop after it has read the state word.
    private volatile int touches;
    private byte timesReturnCut;
    private boolean moved;
    private boolean calledElsewhere;
    private boolean unwrapped;
    private boolean sessionBound;
    private boolean autoCommitSaid;
    private @Nullable Call call;
    private long callThread;
    /** The thread in whose call the driver may run the application's code. Boxed, because most leases have none. */
    private @Nullable Long hostThread;

    private volatile @Nullable Copy copy;
    private @Nullable String firstStatement;
    private @Nullable String @Nullable [] statements; // made for the second statement: most transactions are short
    private byte statementCount;
    private volatile @Nullable Failure failure;
    private volatile @Nullable Cut cut;
    private volatile boolean cleanedUp;
    private volatile @Nullable Thread closer;
    private volatile boolean returning;
    private volatile boolean returned;
    private volatile boolean leftOpen;
    private boolean switchedByOthers;
    private volatile boolean givingBack;
    /**
     * The duty to give back was taken but not completed. Set where there may be no stack left for a call; the next look
     * finds it.
     */
    private volatile boolean returnCut;

    private volatile @Nullable ScopeEnd lastScopeEnd;
    private volatile @Nullable Respite respite;
    private volatile @Nullable String statementTag;
    private volatile @Nullable HeldUp heldUp;

    private volatile @Nullable Revocation revocation;
    private volatile @Nullable Suspicion suspicion;

    // Owned by the healing loop's thread.
    @Nullable
    HandleReference reference;

    @Nullable
    LeaseWatch watch;

    volatile boolean unreachable;

    /**
     * What cut the connection, whether that call could have committed, and the auto-commit mode in which the call ran.
     */
    record Cut(String cause, boolean mayHaveCommitted, boolean autoCommit) {}

    /** A COPY, and the id of the thread that began it. */
    private record Copy(CopyOperation operation, long thread) {}

    /** The fields to restore when the application's code, run within a call, returns. */
    record Hosting(
            @Nullable Long hostThread,
            long callThread,
            @Nullable Call call) {}

    /**
     * Observe mode: what would have ended the lease.
     *
     * @param touches as judged
     */
    private record Suspicion(Revocation would, int touches) {}

    /**
     * What suspends the time limits: an extension, by the ticker's nanoseconds, and a piece of work. In one object, so
     * that neither overwrites the other.
     */
    record Respite(@Nullable Long until, @Nullable LongTransaction work) {
        boolean covers(long now) {
            return (until != null && until - now > 0) || (work != null && work.covers(now));
        }
    }

    /** The lock holder for which the call with this sequence waits; written by the healing side. */
    private record HeldUp(long sequence, HeldUpException note) {}

    Lease(
            long id,
            LeaseRegistry registry,
            Connection lent,
            BaseConnection driver,
            Borrower owner,
            BorrowStack borrowStack,
            @Nullable LeaseScope scope) {
        this.id = id;
        this.registry = registry;
        this.lent = lent;
        this.driver = driver;
        this.owner = owner;
        this.borrowStack = borrowStack;
        this.scope = scope;
    }

    /** Called before any other thread sees the lease. */
    void borrowedIn(@Nullable TraceContext span) {
        trace = span;
    }

    @Nullable
    TraceContext trace() {
        return trace;
    }

    // ---- the application's threads

    /**
     * A call begins. Throws if the lease is over; then no call has begun. If the stack would not last for a driver
     * call, the overflow comes here, before anything is cut.
     */
    void enter(Call next) throws SQLException {
        if (!tryEnter(next)) {
            throw refusal(next);
        }
    }

    /** A statement begins. */
    void enter(Call next, @Nullable String sql) throws SQLException {
        enter(next);
        if (sql == null) {
            return; // the driver will refuse it
        }
        if (driver.getTransactionState() == TransactionState.IDLE) {
            statementCount = 0;
            if (statementTag != null) { // seldom true, and a write is not free
                statementTag = null;
            }
        }
        noteTag(registry.tagIn(sql));
        remember(sql);
        if (!sessionBound && SessionBound.byStatement(sql)) {
            sessionBound = true;
        }
    }

    private void remember(String sql) {
        int count = statementCount;
        if (count == 0) {
            firstStatement = sql;
        } else {
            @Nullable String[] last = statements;
            if (last == null) {
                last = new String[STATEMENTS_KEPT];
                statements = last;
            }
            if (count == 1) {
                last[0] = firstStatement;
            }
            last[count % STATEMENTS_KEPT] = sql;
        }
        // Once all are kept, the count only has to identify the last one.
        statementCount = (byte) (count + 1 < 2 * STATEMENTS_KEPT ? count + 1 : STATEMENTS_KEPT);
    }

    /** The transaction ran a statement with this tag and is spared until its end. */
    void noteTag(@Nullable String tag) {
        if (tag != null) {
            statementTag = tag;
        }
    }

    /** The tag of a statement in a batch, which is executed later. */
    @Nullable
    String tagIn(@Nullable String sql) {
        return registry.tagIn(sql);
    }

    /** If the stack would not last for the driver's code, the overflow comes here, before anything is cut. */
    void ensureStack() {
        if (registry.preflight()) {
            StackPreflight.touch(id + StateWord.sequence(word()));
        }
    }

    /** For what stays in the driver's memory. */
    private void ensureLittleStack() {
        if (registry.preflight()) {
            StackPreflight.touchLittle(id + StateWord.sequence(word()));
        }
    }

    /** A call begins. Returns false, and no call has begun, if the lease is over or cut. */
    boolean tryEnter(Call next) {
        if (next == Call.LOCAL) {
            ensureLittleStack();
        } else {
            ensureStack();
        }
        long caller = Thread.currentThread().getId();
        // Boxed before the call is counted: after that nothing may fail.
        Long host = next == Call.HOST ? (Long) caller : null;
        if (callThread == caller && callsInProgress() != 0 && (hostThread == null || hostThread != caller)) {
            // A thread makes one call at a time: an overflow that cut failed() too must have cut its last call.
            poison();
            recordCut("an error that nobody saw", mayHaveCommitted());
        }
        if (!tryEnter()) {
            return false;
        }
        callThread = caller;
        if (host != null) {
            hostThread = host;
        }
        call = next;
        Suspicion wrong = suspicion;
        if (wrong != null && next.refutes() && (next != Call.COMMIT || isTransactionOpen())) {
            suspicion = null;
            registry.refuted(this, wrong.would());
        }
        if (caller != owner.threadId) {
            calledElsewhere = true;
            if (next.isUse) {
                moved = true;
            }
        }
        return true;
    }

    /** A call that resets a setting begins. Returns false if the call is to be skipped silently. */
    boolean enterReset() throws SQLException {
        return tryEnter(Call.RESET) || passOver();
    }

    /** {@code setAutoCommit(true)} commits, but clean-up code also calls it, so it refutes nothing. */
    boolean enterAutoCommit(boolean autoCommit) throws SQLException {
        if (autoCommit != isAutoCommit()) { // setting the present value switches nothing
            autoCommitSaid = true;
        }
        return tryEnter(autoCommit ? Call.COMMIT : Call.LOCAL) || passOver();
    }

    /** False on a cut connection that was rolled back. Throws otherwise. */
    private boolean passOver() throws SQLException {
        if (cleanedUp && isCut()) {
            return false;
        }
        throw refusal(Call.RESET);
    }

    /** The closing of a stream or a large object begins. Returns false if there is nothing left to close. */
    boolean enterClose() {
        return tryEnter(Call.RESET);
    }

    /** The closing of a statement or of its rows begins. Returns false if there is nothing left to close. */
    boolean enterRelease() {
        return tryEnter(Call.LOCAL);
    }

    /** A rollback begins. Returns false if the rollback is already done, because the connection was cut. */
    boolean enterRollback() throws SQLException {
        Copy open = copy;
        if (open != null && open.thread() == Thread.currentThread().getId()) {
            cutOpenCopy(); // otherwise the driver would wait here until this very thread has ended the copy
        }
        if (tryEnter(Call.ROLLBACK)) {
            return true;
        }
        if (!isCut()) {
            throw refusal(Call.ROLLBACK);
        }
        rollbackPoisoned();
        return false;
    }

    /** Called within the call that ended a transaction. Asks the server for the backend if it is still unknown. */
    void transactionEnded() throws SQLException {
        if (owner.physical.identity() == null) {
            registry.transactionEnded(lent, driver);
        }
    }

    /** The call ended without being cut. */
    @Override
    void exit() {
        if (hostThread == null) {
            callThread = 0;
        } else {
            exitHosted(hostThread);
        }
        if (owner.refersTo(Thread.currentThread())) {
            exitOwn();
        } else {
            super.exit();
        }
    }

    /**
     * Either a nested call of the application's code ended while the outer call goes on, or the outer call itself
     * ended.
     */
    private void exitHosted(Long host) {
        if (callsInProgress() > 1) {
            callThread = host;
        } else {
            callThread = 0;
            hostThread = null;
        }
    }

    /** Within a call, the driver runs the application's code, which may call this lease again. */
    Hosting hostingBegins() {
        Hosting before = new Hosting(hostThread, callThread, call);
        hostThread = Thread.currentThread().getId();
        return before;
    }

    /** The application's code returned. If an error cuts this method, {@link #failed} resets the fields. */
    void hostingEnds(Hosting before) {
        call = before.call();
        callThread = before.callThread();
        hostThread = before.hostThread();
    }

    /**
     * The call ended by a throwable. If the throwable cut the protocol, the step that ends the call also poisons the
     * connection. If an overflow cuts this method, the call stays in progress, and {@link #close} will abort.
     */
    void failed(Throwable thrown) {
        Long host = hostThread;
        if (host != null && host != Thread.currentThread().getId()) {
            host = null; // of another thread
        }
        if (host != null) {
            // Until the call is known to have ended uncut: if an error cuts this method, the next call notices.
            hostThread = null;
        }
        if (CutCall.isCutBy(thrown)) {
            failedCut(thrown);
        } else {
            Failure seen = Failure.of(thrown, StateWord.sequence(word()));
            failure = seen;
            boolean waited = seen.endsLockWait();
            if (waited) {
                registry.failedWait(this, seen, lastStatement());
            } else if (!isConnected()) {
                outlived(); // by a socket timeout for example: the backend may still be running
            }
            exit();
            if (host != null && callsInProgress() != 0) {
                callThread = host; // a nested call of the application's code ended; that code may make further calls
                hostThread = host;
            }
            if (waited) {
                addLockHolder(thrown, seen.sequence());
            }
        }
    }

    /**
     * Adds the lock holder to the application's exception, if the healing loop has stored one here. The call is over,
     * and whatever fails here, the application gets its exception. An exception without suppression stays unchanged.
     */
    private void addLockHolder(Throwable thrown, long sequence) {
        try {
            HeldUp seen = heldUp;
            if (seen != null && seen.sequence() == sequence) {
                thrown.addSuppressed(seen.note());
            }
        } catch (Throwable ignored) {
            // also an overflow: only the note is lost
        }
    }

    /** Like {@link #failed}, for a throwable that is known to have cut the protocol. */
    void failedCut(Throwable thrown) {
        exitPoisoned(); // first: even if an error cuts the rest of this method, the connection is out of use
        callThread = 0;
        recordCut(thrown.getClass().getName(), mayHaveCommitted());
        failure = Failure.of(thrown, StateWord.sequence(word()));
    }

    /** The call returned, but left the connection out of step with the protocol. */
    void exitCut(String cause) {
        exitPoisoned();
        callThread = 0;
        recordCut(cause, isAutoCommit());
    }

    /** The current thread runs a COPY. Until the COPY ends, the driver makes every other call wait. */
    void copying(CopyOperation operation) {
        copy = new Copy(operation, Thread.currentThread().getId());
    }

    /** The COPY was ended, cancelled, read to its end, or failed. */
    void copied(CopyOperation operation) {
        Copy open = copy;
        if (open != null && open.operation() == operation) {
            copy = null;
        }
    }

    /**
     * A COPY that is still open when the connection is rolled back or closed will never end: poisons the connection.
     */
    private void cutOpenCopy() {
        Copy open = copy;
        long seen = word();
        if (open == null || StateWord.isFenced(seen) || callsInProgress(seen) != 0) {
            return;
        }
        if (isCopying()) {
            poison();
            recordCut("a copy that was never ended", isOut(open) && isAutoCommit());
        } else {
            copy = null;
        }
    }

    /** Asks the driver, which blocks the calling thread while another call is in progress. */
    private boolean isCopying() {
        Copy open = copy;
        return open != null && open.operation().isActive();
    }

    private static boolean isOut(@Nullable Copy copy) {
        return copy != null && copy.operation() instanceof CopyOut;
    }

    /**
     * A touch ended by a throwable. An error poisons the connection here too: its effect is unknown. Nothing was
     * executing, unless another thread's call is in progress. A value is also used after the lease.
     */
    void cut(Throwable thrown) {
        if (!isOver() && CutCall.isCutBy(thrown)) {
            poison();
            recordCut(thrown.getClass().getName(), callsInProgress() != 0 && mayHaveCommitted());
            failure = Failure.of(thrown, StateWord.sequence(word()));
        }
    }

    /** Keeps the first cut; the state word has already changed. */
    private void recordCut(String cause, boolean mayHaveCommitted) {
        if (cut == null) {
            cut = new Cut(cause, mayHaveCommitted, isAutoCommit());
            registry.quarantine();
        }
    }

    /** The cause of the cut, also when an overflow kept it from being recorded. */
    private Cut cutBy() {
        Cut seen = cut;
        return seen == null ? new Cut("an error", mayHaveCommitted(), isAutoCommit()) : seen;
    }

    /** Refuses what is neither a call nor a touch: cancelling, asking what a handle wraps. */
    void check() throws SQLException {
        if (StateWord.isFenced(word())) {
            throw refusal(Call.PREPARE);
        }
    }

    /**
     * A call that stays in memory, such as reading a column of the current row. The healing loop sees it, and after the
     * fence it is refused. Counted by an ordered write, which waits for nothing: the write is visible before any later
     * change of the state word by this thread, and a revocation that misses the write came before it.
     */
    void touch() throws SQLException {
        long seen = word();
        if (StateWord.isFenced(seen)) {
            throw refusal(Call.FETCH);
        }
        // Not atomic: where two threads lose a count, the end of the borrower's thread proves nothing anyway.
        TOUCHES.lazySet(this, touches + 1);
    }

    /**
     * Moves on to a row that is in memory. A touch, and use of the connection like a call that fetches: it ties the lease
     * to the calling thread, and refutes a suspicion.
     */
    void advance() throws SQLException {
        if (Thread.currentThread().getId() != owner.threadId) {
            calledElsewhere = true;
            moved = true;
        }
        touch();
        Suspicion wrong = suspicion;
        if (wrong != null) {
            suspicion = null;
            registry.refuted(this, wrong.would());
        }
    }

    /** The healing loop saw touches since the last look: reading is a sign of life, too, and refutes a suspicion. */
    void wasTouched(int seen) {
        Suspicion wrong = suspicion;
        if (wrong != null && seen != wrong.touches()) {
            suspicion = null;
            registry.refuted(this, wrong.would());
        }
    }

    /** The application got an object of the driver below the handles. */
    void unwrapped() {
        unwrapped = true;
    }

    /** Another lease, of what borrows here, has the owner now: neither evidence nor time limits apply to this one. */
    void leaveToOthers() {
        unwrapped();
        extend(LONGEST_EXTENSION);
    }

    /** The session is used past the handles, or has state that must survive its transaction. */
    void sessionBound() {
        sessionBound = true;
    }

    /** Whether nothing made through this lease can be used any more. */
    public boolean isOver() {
        long seen = word();
        return StateWord.isTaken(seen) || StateWord.isClosed(seen);
    }

    /** As the application sees it: a cut connection is open until the application closes it. */
    boolean isClosed() {
        long seen = word();
        return StateWord.isClosed(seen)
                || StateWord.isRevoked(seen)
                || (StateWord.isTaken(seen) && !StateWord.isPoisoned(seen));
    }

    /** Whether an error cut the connection, and the application has yet to clean up. */
    boolean isCut() {
        return StateWord.isCut(word());
    }

    /** The answer of {@code getAutoCommit()} on a cut connection. */
    boolean autoCommitWhenCut() {
        return cutBy().autoCommit();
    }

    /** The application asks for more time. */
    void extend(Duration time) {
        registry.extend(this, time.compareTo(LONGEST_EXTENSION) > 0 ? LONGEST_EXTENSION : time);
    }

    /** The application rolls back a cut connection. Returns normally, so that clean-up masks no earlier exception. */
    private void rollbackPoisoned() throws SQLException {
        Cut seen = cutBy(); // before the abort: a closed connection answers nothing
        cut = seen;
        Thread current =
                Thread.currentThread(); // before taking the duty: an overflow here must not leave the duty to nobody
        if (tryTake(true)) {
            closer = current;
            boolean whole = false;
            try {
                giveBack();
                whole = true;
            } finally {
                returnCut = !whole;
            }
        }
        cleanedUp = true;
        if (seen.mayHaveCommitted()) {
            throw new CutConnectionException(seen.cause(), true);
        }
    }

    /** Idempotent; does nothing after a revocation. */
    void close() throws SQLException {
        if (registry.preflight() && registry.isHealed()) {
            try {
                StackPreflight.touch(id);
            } catch (StackOverflowError tooDeep) {
                refuseClose();
                registry.wake();
                throw tooDeep;
            }
        }
        Thread current = Thread.currentThread();
        cutOpenCopy();
        // Between tryClose() and the try no method is called that an overflow could cut: nobody would then have the
        // duty to give back. No switch: its first use would initialize a class, and an overflow there breaks that class
        // for good.
        StateWord.Closing closing = tryClose();
        if (closing == StateWord.Closing.CUT) {
            closer = current;
            boolean whole = false;
            try {
                if (callThread == current.getId()) {
                    recordCut("an error that nobody saw", mayHaveCommitted()); // else another thread is in a call
                }
                giveBack();
                whole = true;
            } finally {
                returnCut = !whole;
            }
        } else if (closing == StateWord.Closing.CLEAN) {
            closer = current;
            returning = true; // the pool may lend the connection again before its own close() has returned
            try {
                if (isCopying()) { // another thread's call hid the copy before, and is over
                    recordCut("a copy that was never ended", isOut(copy) && isAutoCommit());
                    giveBack();
                } else {
                    lent.close();
                }
                returned = true; // from here on the connection may belong to the next borrower
            } catch (SQLException e) {
                returned = true;
                if (!isConnected()) {
                    outlived();
                }
                throw e;
            } finally {
                returnCut = true; // until the registry has been told
                if (returned) {
                    registry.closed(this);
                    returnCut = false;
                }
            }
            if (PhysicalConnections.isInTransaction(driver)) { // perhaps already the next borrower's
                registry.leftOpen(this);
            }
        } // else the lease has ended, and whoever ended it gives the connection back
    }

    /**
     * JDBC's abort: the connection is over, and its pool gets its slot back when the application closes it. Does
     * nothing once the lease is over, because the connection may then belong to another borrower. Counted as a call, so
     * that this cannot change meanwhile. The calling thread is not recorded, because any thread may abort while another
     * thread's call is in progress.
     */
    void abort(Executor executor) throws SQLException {
        boolean counted = tryEnter();
        if (!counted && isOver()) {
            return;
        }
        try {
            lent.abort(executor);
        } catch (Throwable t) {
            cut(t);
            throw t;
        } finally {
            if (counted) {
                super.exit();
            }
        }
        outlived();
    }

    /**
     * The backend may have outlived the connection: the healing side looks for it, unless its transaction is spared.
     */
    private void outlived() {
        registry.outlived(owner.physical, driver, statementTag != null);
    }

    private boolean mayHaveCommitted() {
        Call seen = call;
        if (seen == Call.COMMIT) {
            return true;
        }
        if (seen != Call.EXECUTE && seen != Call.FETCH) {
            return false;
        }
        return isAutoCommit() || SessionBound.commits(lastStatement());
    }

    /** True in doubt. */
    private boolean isAutoCommit() {
        try {
            return driver.getAutoCommit();
        } catch (SQLException closed) {
            return true;
        }
    }

    private @Nullable String lastStatement() {
        int count = statementCount;
        @Nullable String[] last = statements;
        return count == 0 ? null : count == 1 || last == null ? firstStatement : last[(count - 1) % STATEMENTS_KEPT];
    }

    private SQLException refusal(Call refused) {
        long seen = word();
        Revocation why = revocation;
        if (StateWord.isRevoked(seen) && why != null) {
            if (why.evidenceBased() && refused.refutes()) {
                registry.refuted(this, why);
            }
            return why.exception();
        }
        if (StateWord.isCut(seen)) {
            Cut by = cutBy();
            return new CutConnectionException(by.cause(), by.mayHaveCommitted());
        }
        return new SQLException("Connection is closed", SqlState.CONNECTION_DOES_NOT_EXIST);
    }

    // ---- scopes

    @Nullable
    LeaseScope scope() {
        return scope;
    }

    /** Whether its unit of work was declared to continue elsewhere, and is not over. */
    boolean isElsewhere() {
        LeaseScope seen = scope;
        return seen != null && seen.isElsewhere();
    }

    /** @param end what the inner scope's end proves until the next call; null if nothing */
    void passTo(LeaseScope outer, @Nullable ScopeEnd end) {
        lastScopeEnd = end;
        scope = outer;
    }

    /** What the end of an inner scope proves, if no call came since. */
    @Nullable
    ScopeEnd passedBy() {
        ScopeEnd end = lastScopeEnd;
        return end != null && end.sequence() == StateWord.sequence(word()) && end.touches() == touches ? end : null;
    }

    void scopeEnded(ScopeEnd end) {
        lastScopeEnd = end;
    }

    /** Whether the lease is over, or its unit of work ended by a throwable and no call came since. */
    boolean isLeftBehind() {
        ScopeEnd end = scopeEnd();
        return isOver()
                || isCut()
                || (end != null
                        && end.isProof()
                        && end.sequence() == StateWord.sequence(word())
                        && end.touches() == touches
                        && !calledElsewhere
                        && !unwrapped
                        && !isOfMovingWork(registry.movingWork()));
    }

    /**
     * Whether the current thread began a call or a close that is still in progress: at the end of its scope that call
     * is stale.
     */
    boolean callIsMine() {
        return closer == Thread.currentThread()
                || (callThread == Thread.currentThread().getId() && callsInProgress() != 0);
    }

    // ---- the healing side

    public long id() {
        return id;
    }

    /**
     * The fence: after it no call of the application can begin on this lease, nor on its statements and result sets.
     *
     * <p>Synchronized: of two concurrent revocations, the one that fails would otherwise restore the field over the
     * other's.
     *
     * @return false if any call began since the judgement, or is in progress and not proven stale, or the lease ended
     */
    public synchronized boolean revoke(LeaseSnapshot judged, boolean callsAreStale, Revocation why) {
        // Some pools take back an unclosed connection by themselves. The transaction is then the next borrower's.
        boolean takenBack = judged.callInProgress() ? registry.isLentAnew(this, driver) : isTakenBack();
        if (touches != judged.touches() || isOver() || takenBack) {
            return false;
        }
        Revocation before = revocation;
        revocation = why; // first: nobody may see the fence closed without its reason
        if (tryRevoke(judged.sequence(), callsAreStale)) {
            return true;
        }
        if (why.equals(revocation)) {
            revocation = before; // late callers must learn of the incident that ended the lease, and of no other
        }
        return false;
    }

    /** The outcome of a revoked lease's transaction is now known: late callers will learn it. */
    public void settle(Revocation known) {
        revocation = known;
    }

    /** Observe mode: this lease would have been revoked. If its owner goes on, that would have been wrong. */
    public void suspect(Revocation would, LeaseSnapshot judged) {
        suspicion = new Suspicion(would, judged.touches());
    }

    /**
     * Gives back what the application could not. Does nothing if the application went on, or another thread was first.
     */
    public void finish(LeaseSnapshot judged) {
        boolean mine = switch (judged.unfinished()) {
            case NOTHING -> false;
            case CUT -> tryTake(judged.callIsStale());
            case CLOSE -> registry.isOpen(this);
        };
        if (mine) {
            giveBack();
        }
    }

    /** Whether the collector has found that nothing refers to its handle any more. */
    public boolean isUnreachable() {
        return unreachable;
    }

    /** Whether the driver's socket is open, as far as the driver knows. */
    public boolean isConnected() {
        try {
            return !driver.isClosed();
        } catch (SQLException e) {
            return false;
        }
    }

    /**
     * Aborts the connection and gives its slot back to the pool. Only for the winner of the fence. Sends nothing to the
     * server: the backend notices the closed socket and rolls back, unless it is busy. If an error cuts this method,
     * the next look of the healing loop repeats it.
     */
    public void giveBack() {
        boolean whole = false;
        givingBack = true;
        try {
            // After a clean close() that was cut, or with a pool that takes connections back by itself, the connection
            // may already belong to another borrower. A connection out of step must belong to nobody.
            long seen = word();
            boolean inStep = !StateWord.isPoisoned(seen) && callsInProgress(seen) == 0;
            boolean somebodyElses = (returning || inStep) && registry.isLentAnew(this, driver);
            if (!returned && !somebodyElses) {
                abortAndDiscard();
            }
            returned = true;
            registry.closed(this); // if only this was cut, only this is left to do
            whole = true;
        } finally {
            returnCut = !whole;
            givingBack = false;
        }
    }

    private void abortAndDiscard() {
        try {
            driver.abort(Runnable::run);
        } catch (SQLException | RuntimeException e) {
            registry.log().warn("aborting the connection of lease " + id, e);
        } catch (Error e) {
            throwOrWarn("aborting the connection of lease " + id, e);
        } finally {
            outlived(); // not earlier: the backend of an open lease is still in use
        }
        try {
            registry.pool().discard(lent);
        } catch (SQLException | RuntimeException e) {
            // Closing an aborted connection may fail; the pool has its slot back all the same.
            registry.log().debug("closing the pool's handle of lease " + id, e);
        } catch (Error e) {
            throwOrWarn("giving the slot of lease " + id + " back to its pool", e);
        }
    }

    /**
     * A shortage of stack or memory may be over by the next look: such an error is thrown, and the next look tries
     * again. Any other error, such as a class that the pool lacks, would come each time: it is logged, and the lease
     * ends all the same.
     */
    private void throwOrWarn(String while_, Error e) {
        if (e instanceof VirtualMachineError && timesReturnCut < MOST_TIMES_CUT - 1) {
            timesReturnCut++;
            throw e;
        }
        registry.log().warn(while_, e);
    }

    boolean isBeingGivenBack() {
        return givingBack;
    }

    /** Whether an error cut the giving back, and nobody has repeated it. */
    boolean returnWasCut() {
        return returnCut;
    }

    /** Suspends every time limit of this lease until then, in the ticker's nanoseconds. */
    void extendUntil(long nanos) {
        while (true) {
            Respite before = respite;
            if (RESPITE.compareAndSet(this, before, new Respite(nanos, before == null ? null : before.work()))) {
                break;
            }
        }
        showLife();
    }

    /** Suspends every time limit while this piece of work lasts. */
    void keepSafe(LongTransaction work) {
        while (true) {
            Respite before = respite;
            if (RESPITE.compareAndSet(this, before, new Respite(before == null ? null : before.until(), work))) {
                break;
            }
        }
        showLife();
    }

    /** Asking for time is a sign of life: an earlier judgement fails at the fence. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void showLife() {
        touches = touches + 1;
    }

    boolean isExtended(long now) {
        Respite granted = respite;
        return granted != null && granted.covers(now);
    }

    /**
     * Whether the user's time limits apply: the lease is still lent, the application asked for no more time, and the
     * transaction ran no spared statement. Otherwise its backend may already serve the next borrower.
     */
    public boolean isStillLimited(long now) {
        return !isOver() && !isExtended(now) && statementTag == null;
    }

    /** The call with this sequence waits for a lock. If the call fails, its exception gets the note. */
    public void heldUp(long sequence, HeldUpException note) {
        heldUp = new HeldUp(sequence, note);
    }

    /** Whether the lock holder was found for which the call with this sequence waited. */
    public boolean wasHeldUp(long sequence) {
        HeldUp seen = heldUp;
        return seen != null && seen.sequence() == sequence;
    }

    /** Whether the lock holder is known for which the call in progress waits. */
    boolean isHeldUp() {
        long seen = word();
        return callsInProgress(seen) != 0 && wasHeldUp(StateWord.sequence(seen));
    }

    /** How long the healing loop has observed the call with this sequence; zero if no look saw it. */
    public Duration callSeenFor(long sequence, long now) {
        LeaseWatch seen = watch;
        return seen == null ? Duration.ZERO : seen.callFor(sequence, now);
    }

    /** The shape of the statement that ran last; empty if none did. */
    String statementShape() {
        return StatementShape.of(lastStatement());
    }

    /** The first statement of the last transaction, as the application wrote it. */
    @Nullable
    String firstStatement() {
        return statementCount == 0 ? null : firstStatement;
    }

    /** The name of the borrowing thread, also when that thread is gone. */
    String borrowerName() {
        return owner.threadName;
    }

    /** As the driver knows it from the protocol. Takes no lock. */
    public boolean isTransactionOpen() {
        return driver.getTransactionState() != TransactionState.IDLE;
    }

    /** Whether auto-commit was switched off by the pool, or a transaction manager in between, not by the borrower. */
    boolean isSwitchedByOthers() {
        return !isAutoCommit() && !autoCommitSaid;
    }

    /**
     * Whether its transaction is a global one, as far as known: the pool was seen to take part in such transactions.
     */
    boolean isEnlisted() {
        return registry.knowsGlobalTransactions() && isSwitchedByOthers();
    }

    /**
     * Whether the pool has its connection back although nobody closed the lease: some pools take it back at the end of
     * a transaction. A connection that was closed because it was lost does not count: its slot is still lent.
     */
    boolean isTakenBack() {
        try {
            return registry.isLentAnew(this, driver) || (lent.isClosed() && isConnected());
        } catch (SQLException | RuntimeException | LinkageError | AssertionError e) {
            return false; // the pool cannot tell
        }
    }

    /** The lease is over without a {@code close()}, and there is nothing to give back. */
    void forget() {
        if (tryClose() == StateWord.Closing.CUT) {
            giveBack();
            return;
        }
        registry.closed(this);
        if (PhysicalConnections.isInTransaction(driver)) {
            registry.leftOpen(this);
        }
    }

    /** The lease was closed while its transaction stayed open. */
    void leftOpen() {
        switchedByOthers = isSwitchedByOthers();
        leftOpen = true;
    }

    /** The value of {@link #isSwitchedByOthers} when the lease was closed. */
    boolean wasSwitchedByOthers() {
        return switchedByOthers;
    }

    boolean isLeftOpen() {
        return leftOpen;
    }

    BaseConnection driver() {
        return driver;
    }

    public PhysicalConnection physical() {
        return owner.physical;
    }

    /** Its place in {@link OpenLeases}. */
    int place() {
        return owner.place;
    }

    /** The connection that the pool lent. */
    Connection lent() {
        return lent;
    }

    /** Whether the call in progress is certainly the borrower's. No, where the end of another call hid the caller. */
    boolean callIsOwners() {
        return callThread == owner.threadId;
    }

    @Nullable
    Thread ownerThread() {
        return owner.get();
    }

    /** The application's thread that took the duty to give back; null before that. */
    @Nullable
    Thread closer() {
        return closer;
    }

    int touches() {
        return touches;
    }

    /**
     * Whether another thread used the lease, or may use it: any thread can continue an open COPY, also a thread that is
     * idle until then. That the handle is unreachable still counts as evidence.
     */
    boolean isMoved() {
        return moved || copy != null;
    }

    /** Whether leases of its unit of work were seen to move. */
    boolean isOfMovingWork(MovingWork moving) {
        LeaseScope work = scope;
        return work != null && moving.includes(work.name());
    }

    boolean wasMoved() {
        return moved;
    }

    /** Whether a thread other than the borrower's made any call, also one that is no use. */
    boolean isCalledElsewhere() {
        return calledElsewhere;
    }

    boolean isUnwrapped() {
        return unwrapped;
    }

    boolean isSessionBound() {
        return sessionBound;
    }

    @Nullable
    Call call() {
        return call;
    }

    @Nullable
    Failure failure() {
        return failure;
    }

    @Nullable
    ScopeEnd scopeEnd() {
        ScopeEnd end = lastScopeEnd;
        return end == null || end.passedOn() ? null : end;
    }

    /** The tag, among the spared ones, of a statement that the transaction ran; null when there is none. */
    @Nullable
    String statementTag() {
        return statementTag;
    }

    /** The stack of its own borrow; {@link BorrowStack#NONE} if none was taken. */
    BorrowStack ownStack() {
        return borrowStack;
    }

    /** The stack of a lease of the same kind; empty if none is known. */
    List<String> likelyStack() {
        return registry.stacks().likely(this);
    }

    /** The transaction's last statements, the oldest first, as the application wrote them. */
    List<String> statements() {
        int count = statementCount;
        @Nullable String[] last = statements;
        String first = firstStatement;
        if (count == 1 || last == null) {
            return count == 0 || first == null ? List.of() : List.of(first);
        }
        int kept = Math.min(count, STATEMENTS_KEPT);
        var texts = new ArrayList<String>(kept);
        for (int i = count - kept; i < count; i++) {
            String text = last[i % STATEMENTS_KEPT];
            if (text != null) {
                texts.add(text);
            }
        }
        return texts;
    }

    /** The id: an identity hash would have to be computed first. */
    @Override
    public int hashCode() {
        return Long.hashCode(id);
    }
}
