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
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyOperation;
import org.postgresql.copy.CopyOut;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * One borrowed connection, from {@code getConnection()} to its return.
 *
 * <p>The application's threads call {@link #enter}, {@link #exit}, {@link #failed}, {@link #touch} and {@link #close};
 * they record nothing but the state word and a few plain fields, and read no clock: the healing loop dates what
 * it sees ({@link LeaseWatch}). The healing side calls {@link #revoke} and {@link #giveBack}. A lease never refers to
 * its handle, or the handle would never be collected.
 */
@Internal
public final class Lease extends StateWord {
    private static final int STATEMENTS_KEPT = 8;
    private static final AtomicIntegerFieldUpdater<Lease> TOUCHES =
            AtomicIntegerFieldUpdater.newUpdater(Lease.class, "touches");
    static final Duration LONGEST_EXTENSION = Duration.ofDays(3650);
    /** Then it is no passing want of stack or memory. */
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
    /** In the midst of whose call the application's own code may run; an object, for most leases have none. */
    private @Nullable Long hostThread;

    private volatile @Nullable Copy copy;
    private @Nullable String firstStatement;
    private @Nullable String @Nullable [] statements; // from the second on: most transactions are short
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
    /** Taken on, but not done: set where there may be no stack left for a call, and found by the next look. */
    private volatile boolean returnCut;

    private volatile @Nullable ScopeEnd scopeEnd;
    private volatile @Nullable ScopeEnd passedBy;
    private volatile @Nullable Long extendedUntil;
    private volatile @Nullable LongTransaction longTransaction;
    private volatile @Nullable String statementTag;
    private volatile @Nullable HeldUp heldUp;

    private volatile @Nullable Revocation revocation;
    private volatile @Nullable Revocation suspicion;
    private int suspectedAt; // touches; written before the suspicion, and read after it

    // Owned by the healing loop's thread.
    @Nullable
    HandleReference reference;

    @Nullable
    LeaseWatch watch;

    volatile boolean unreachable;

    /** What cut the connection, whether that call could have committed, and the mode in which it ran. */
    record Cut(String cause, boolean mayHaveCommitted, boolean autoCommit) {}

    /** A copy, and the thread that began it. */
    private record Copy(CopyOperation operation, long thread) {}

    /** What is put back when the application's own code, run within a call, is done. */
    record Hosting(
            @Nullable Long hostThread,
            long callThread,
            @Nullable Call call) {}

    /** Whom the call with this sequence waits for; told by the healing side. */
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

    /** Before anybody else sees the lease. */
    void borrowedIn(@Nullable TraceContext span) {
        trace = span;
    }

    @Nullable
    TraceContext trace() {
        return trace;
    }

    // ---- the application's threads

    /**
     * A call begins. Throws, and nothing has begun, if the lease is over. Where the stack would not last through a
     * driver call, the overflow comes here, before anything is cut.
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
            return; // for the driver to refuse
        }
        if (driver.getTransactionState() == TransactionState.IDLE) {
            statementCount = 0;
            if (statementTag != null) { // seldom, and to write it is not for nothing
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
        // Once all are kept it only has to tell which is the last.
        statementCount = (byte) (count + 1 < 2 * STATEMENTS_KEPT ? count + 1 : STATEMENTS_KEPT);
    }

    /** The transaction ran a statement with this tag, and is to be spared to its end. */
    void noteTag(@Nullable String tag) {
        if (tag != null) {
            statementTag = tag;
        }
    }

    /** The tag that a statement of a batch has, which is executed later. */
    @Nullable
    String tagIn(@Nullable String sql) {
        return registry.tagIn(sql);
    }

    /** A call begins, or false, and nothing has begun, if the lease is over or cut. */
    boolean tryEnter(Call next) {
        if (registry.preflight()) {
            StackPreflight.touch(id + StateWord.sequence(word()));
        }
        long caller = Thread.currentThread().getId();
        // Made before the call is counted: after that nothing may fail.
        Long host = next == Call.HOST ? (Long) caller : null;
        if (callThread == caller
                && StateWord.callsInProgress(word()) != 0
                && (hostThread == null || hostThread != caller)) {
            // A thread makes one call at a time: its last one was cut by an overflow that cut failed() too.
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
        Revocation would = suspicion;
        if (would != null && next.refutes() && (next != Call.COMMIT || isTransactionOpen())) {
            suspicion = null;
            registry.refuted(this, would);
        }
        if (caller != owner.threadId) {
            calledElsewhere = true;
            if (next.isUse) {
                moved = true;
            }
        }
        return true;
    }

    /** A call that puts a setting back begins; false if it is to be passed over in silence. */
    boolean enterReset() throws SQLException {
        return tryEnter(Call.RESET) || passOver();
    }

    /** {@code setAutoCommit(true)} commits, but as clean-up code calls it, it refutes nothing. */
    boolean enterAutoCommit(boolean autoCommit) throws SQLException {
        if (autoCommit != isAutoCommit()) { // who says what is so already has switched nothing
            autoCommitSaid = true;
        }
        return tryEnter(autoCommit ? Call.COMMIT : Call.RESET) || passOver();
    }

    /** On a cut connection, once it was rolled back: false. Else refuses. */
    private boolean passOver() throws SQLException {
        if (cleanedUp && isCut()) {
            return false;
        }
        throw refusal(Call.RESET);
    }

    /** The closing of a statement, a result set or the like begins; false if there is nothing left to close. */
    boolean enterClose() {
        return tryEnter(Call.RESET);
    }

    /** A rollback begins; false if it is done already, because the connection was cut. */
    boolean enterRollback() throws SQLException {
        Copy open = copy;
        if (open != null && open.thread() == Thread.currentThread().getId()) {
            cutOpenCopy(); // else the driver would wait here until this very thread has ended it
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

    /** Within the call that ended a transaction of a connection of which nobody knows yet who serves it. */
    void transactionEnded() throws SQLException {
        if (owner.physical.identity() == null) {
            registry.transactionEnded(lent, driver);
        }
    }

    /** The call ended whole. */
    @Override
    void exit() {
        if (hostThread == null) {
            callThread = 0;
        } else {
            exitHosted(hostThread);
        }
        super.exit();
    }

    /** It was a call by the application's own code, and the one that runs that code goes on; or it was that one itself. */
    private void exitHosted(Long host) {
        if (StateWord.callsInProgress(word()) > 1) {
            callThread = host;
        } else {
            callThread = 0;
            hostThread = null;
        }
    }

    /** The driver, within a call, runs the application's own code, which may come back through this lease. */
    Hosting hostingBegins() {
        Hosting before = new Hosting(hostThread, callThread, call);
        hostThread = Thread.currentThread().getId();
        return before;
    }

    /** That code is done. Should this be cut, {@link #failed} does it. */
    void hostingEnds(Hosting before) {
        call = before.call();
        callThread = before.callThread();
        hostThread = before.hostThread();
    }

    /**
     * The call ended by a throwable. If that cut the protocol, the connection is poisoned in the same step that ends
     * the call. Should an overflow cut this method, the call stays in progress, and {@link #close} will abort.
     */
    void failed(Throwable thrown) {
        Long host = hostThread;
        if (host != null && host != Thread.currentThread().getId()) {
            host = null; // another thread's
        }
        if (host != null) {
            // Until it is known that the call ended whole: should this be cut, its next call will tell.
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
                outlived(); // by a socket timeout, say: its backend may not know yet
            }
            exit();
            if (host != null && StateWord.callsInProgress(word()) != 0) {
                callThread = host; // it was a call by the application's own code, which may make more of them
                hostThread = host;
            }
            if (waited) {
                tellOfHolder(thrown, seen.sequence());
            }
        }
    }

    /**
     * Adds the story of the holder to the application's exception, if the watch has left it here already. The call is over,
     * and whatever goes wrong here, the exception goes on as it was. One that takes no suppressed exceptions takes none.
     */
    private void tellOfHolder(Throwable thrown, long sequence) {
        try {
            HeldUp seen = heldUp;
            if (seen != null && seen.sequence() == sequence) {
                thrown.addSuppressed(seen.note());
            }
        } catch (Throwable ignored) {
            // also an overflow: nothing is lost but the note
        }
    }

    /** As {@link #failed}, of what is known to have cut the protocol. */
    void failedCut(Throwable thrown) {
        exitPoisoned(); // first: whatever cuts the rest of this method, the connection is out of use
        callThread = 0;
        recordCut(thrown.getClass().getName(), mayHaveCommitted());
        failure = Failure.of(thrown, StateWord.sequence(word()));
    }

    /** The call ended whole, but left the connection out of step. */
    void exitCut(String cause) {
        exitPoisoned();
        callThread = 0;
        recordCut(cause, isAutoCommit());
    }

    /** The current thread copies. Until the copy ends, the driver makes every other call wait. */
    void copying(CopyOperation operation) {
        copy = new Copy(operation, Thread.currentThread().getId());
    }

    /** It was ended, cancelled, read to its end, or failed. */
    void copied(CopyOperation operation) {
        Copy open = copy;
        if (open != null && open.operation() == operation) {
            copy = null;
        }
    }

    /** A copy that is still open when the connection is rolled back or closed will never be ended. */
    private void cutOpenCopy() {
        Copy open = copy;
        long seen = word();
        if (open == null || StateWord.isFenced(seen) || StateWord.callsInProgress(seen) != 0) {
            return;
        }
        if (isCopying()) {
            poison();
            recordCut("a copy that was never ended", isOut(open) && isAutoCommit());
        } else {
            copy = null;
        }
    }

    /** Asks the driver, which makes the asker wait while another call is in progress. */
    private boolean isCopying() {
        Copy open = copy;
        return open != null && open.operation().isActive();
    }

    private static boolean isOut(@Nullable Copy copy) {
        return copy != null && copy.operation() instanceof CopyOut;
    }

    /**
     * A touch ended by a throwable. An error poisons here too: nobody can tell what it left half done. Nothing was being
     * executed, unless another thread's call is in progress.
     */
    void cut(Throwable thrown) {
        if (CutCall.isCutBy(thrown)) {
            poison();
            recordCut(thrown.getClass().getName(), StateWord.callsInProgress(word()) != 0 && mayHaveCommitted());
            failure = Failure.of(thrown, StateWord.sequence(word()));
        }
    }

    /** Keeps the first cut; the state word has moved already. */
    private void recordCut(String cause, boolean mayHaveCommitted) {
        if (cut == null) {
            cut = new Cut(cause, mayHaveCommitted, isAutoCommit());
            registry.quarantine();
        }
    }

    /** What cut this connection, also when an overflow kept it from being recorded. */
    private Cut cutBy() {
        Cut seen = cut;
        return seen == null ? new Cut("an error", mayHaveCommitted(), isAutoCommit()) : seen;
    }

    /** Refuses what is neither a call nor a touch: cancelling, asking what it wraps. */
    void check() throws SQLException {
        if (StateWord.isFenced(word())) {
            throw refusal(Call.PREPARE);
        }
    }

    /**
     * A call that stays in memory: reading a column of the current row. Seen by the watch, refused after the fence. Counted
     * by an ordered write, which waits for nothing: it is seen before anything that this thread does later on the state
     * word, and a revocation that it comes too late for is one that came first.
     */
    void touch() throws SQLException {
        long seen = word();
        if (StateWord.isFenced(seen)) {
            throw refusal(Call.FETCH);
        }
        // Not atomic: where two threads lose a count, the end of the borrower's thread says nothing anyway.
        TOUCHES.lazySet(this, touches + 1);
    }

    /** Touches were seen since the last look: reading is life, too, and refutes what would have been done. */
    void wasTouched(int seen) {
        Revocation would = suspicion;
        if (would != null && seen != suspectedAt) {
            suspicion = null;
            registry.refuted(this, would);
        }
    }

    /** The application got hold of an object below the handles. */
    void unwrapped() {
        unwrapped = true;
    }

    /** What happens on this connection does not all pass through the handles, or must survive its transaction. */
    void sessionBound() {
        sessionBound = true;
    }

    /** Whether nothing made through this lease can be used any more. */
    public boolean isOver() {
        long seen = word();
        return StateWord.isTaken(seen) || StateWord.isClosed(seen);
    }

    /** As the application sees it: a connection that was cut is open until it is closed. */
    boolean isClosed() {
        long seen = word();
        return StateWord.isClosed(seen)
                || StateWord.isRevoked(seen)
                || (StateWord.isTaken(seen) && !StateWord.isPoisoned(seen));
    }

    /** Whether the connection was cut by an error, and the application is yet to clean up. */
    boolean isCut() {
        return StateWord.isCut(word());
    }

    /** What {@code getAutoCommit()} answers on a cut connection. */
    boolean autoCommitWhenCut() {
        return cutBy().autoCommit();
    }

    /** The application asks for time. */
    void extend(Duration time) {
        registry.extend(this, time.compareTo(LONGEST_EXTENSION) > 0 ? LONGEST_EXTENSION : time);
    }

    /** On a cut connection: the application rolls back. Returns normally, so that no clean-up masks the first error. */
    private void rollbackPoisoned() throws SQLException {
        Cut seen = cutBy(); // before the abort: a closed connection tells nothing
        cut = seen;
        Thread current =
                Thread.currentThread(); // before the duty is taken: an overflow here must not leave it to nobody
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

    /** Idempotent, silent after a revocation. */
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
        // From the close to the try nothing is called that an overflow could cut: the duty would be nobody's.
        // No switch: its first use would initialize a class of its own, and an overflow there breaks it for good.
        StateWord.Closing closing = tryClose();
        if (closing == StateWord.Closing.CUT) {
            closer = current;
            boolean whole = false;
            try {
                if (callThread == current.getId()) {
                    recordCut("an error that nobody saw", mayHaveCommitted()); // else another thread is still in a call
                }
                giveBack();
                whole = true;
            } finally {
                returnCut = !whole;
            }
        } else if (closing == StateWord.Closing.CLEAN) {
            closer = current;
            returning = true; // the pool may lend it again before its own close() is over
            try {
                if (isCopying()) { // another thread's call hid it before, and is over
                    recordCut("a copy that was never ended", isOut(copy) && isAutoCommit());
                    giveBack();
                } else {
                    lent.close();
                }
                returned = true; // from here on it may be somebody else's
            } catch (SQLException e) {
                returned = true;
                if (!isConnected()) {
                    outlived();
                }
                throw e;
            } finally {
                returnCut = true; // until the registry knows
                if (returned) {
                    registry.closed(this);
                    returnCut = false;
                }
            }
            if (PhysicalConnections.isInTransaction(driver)) { // by now perhaps the next borrower's
                registry.leftOpen(this);
            }
        } // else it has ended, and whoever ended it gives the connection back
    }

    /**
     * JDBC's abort: the connection is over, and its pool gets its slot back when the application closes. Silent once
     * the lease is over, for then the connection may be somebody else's. Counted as a call, or it could become so
     * meanwhile; but whose call it is stays, for any thread may abort while another one's call is in progress.
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

    /** Its backend may be left behind: it is looked for, unless its transaction is spared. */
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

    /** In doubt, yes. */
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

    /** Whether its unit of work was said to go on elsewhere, and is not over. */
    boolean isElsewhere() {
        LeaseScope seen = scope;
        return seen != null && seen.isElsewhere();
    }

    /** @param end what the inner scope's end proves as long as no call comes; null if nothing */
    void passTo(LeaseScope outer, @Nullable ScopeEnd end) {
        passedBy = end;
        scope = outer;
    }

    /** What the end of an inner scope proves, if no call came since. */
    @Nullable
    ScopeEnd passedBy() {
        ScopeEnd end = passedBy;
        return end != null && end.sequence() == StateWord.sequence(word()) && end.touches() == touches ? end : null;
    }

    void scopeEnded(ScopeEnd end) {
        scopeEnd = end;
    }

    /** Whether it is over, or its unit of work is, by a throwable, and nobody came back to it. */
    boolean isLeftBehind() {
        ScopeEnd end = scopeEnd;
        return isOver()
                || isCut()
                || (end != null
                        && end.isProof()
                        && end.sequence() == StateWord.sequence(word())
                        && end.touches() == touches
                        && !moved
                        && !calledElsewhere
                        && !unwrapped
                        && !registry.sites().moves(borrowStack.site()));
    }

    /** Whether a call or a close in progress was begun by the current thread: at the end of its scope it is stale. */
    boolean callIsMine() {
        return closer == Thread.currentThread()
                || (callThread == Thread.currentThread().getId() && StateWord.callsInProgress(word()) != 0);
    }

    // ---- the healing side

    public long id() {
        return id;
    }

    /**
     * The fence: after it no call of the application can begin on this lease, nor on its statements and result sets.
     *
     * <p>One at a time: of two that take turns at the field, the one that fails would take back the other's word.
     *
     * @return false if any call began since the judgement, or is in progress and not proven stale, or the lease ended
     */
    public synchronized boolean revoke(LeaseSnapshot judged, boolean callsAreStale, Revocation why) {
        // Some pools take back by themselves what nobody closed. Its transaction is the next borrower's.
        boolean takenBack = judged.callInProgress() ? registry.isLentAnew(this, driver) : isTakenBack();
        if (touches != judged.touches() || isOver() || takenBack) {
            return false;
        }
        Revocation before = revocation;
        revocation = why; // first: the fence must not be seen closed without it
        if (tryRevoke(judged.sequence(), callsAreStale)) {
            return true;
        }
        if (why.equals(revocation)) {
            revocation = before; // late callers are told of the incident that ended it, and of no other
        }
        return false;
    }

    /** What became of the transaction of a revoked lease is known by now: its late callers are told so. */
    public void settle(Revocation known) {
        revocation = known;
    }

    /** In observe mode: this lease would have been revoked. If its owner goes on, that would have been wrong. */
    public void suspect(Revocation would, LeaseSnapshot judged) {
        suspectedAt = judged.touches();
        suspicion = would;
    }

    /** Gives back what the application could not. Does nothing if it went on, or somebody else was first. */
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

    /** Whether a collection has found by now that nothing refers to its handle any more. */
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
     * Aborts the connection and gives its slot back to the pool. Only for whoever won the fence. Says nothing to the
     * server: the backend sees the end of the socket and rolls back, if it is not busy. What an error cuts, the next look of
     * the healing loop finds, and it is done again.
     */
    public void giveBack() {
        boolean whole = false;
        givingBack = true;
        try {
            // A clean close() that was cut after the pool had taken the connection back, or a pool that takes back by
            // itself: it may be somebody else's by now. One that is out of step must be nobody's.
            long seen = word();
            boolean inStep = !StateWord.isPoisoned(seen) && StateWord.callsInProgress(seen) == 0;
            boolean somebodyElses = (returning || inStep) && registry.isLentAnew(this, driver);
            if (!returned && !somebodyElses) {
                abortAndDiscard();
            }
            returned = true;
            registry.closed(this); // where this alone was cut, it is all that is left to do
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
            returnedThough("aborting the connection of lease " + id, e);
        } finally {
            outlived(); // not before: the backend of an open lease is in somebody's reach
        }
        try {
            registry.pool().discard(lent);
        } catch (SQLException | RuntimeException e) {
            // Closing an aborted connection may well complain; the pool has its slot back all the same.
            registry.log().debug("closing the pool's handle of lease " + id, e);
        } catch (Error e) {
            returnedThough("giving the slot of lease " + id + " back to its pool", e);
        }
    }

    /**
     * What the virtual machine throws for want of stack or memory may be over by the next look, which tries again. Any other
     * error, of a pool that lacks a class say, would come each time: it is told, and the lease ends all the same.
     */
    private void returnedThough(String while_, Error e) {
        if (e instanceof VirtualMachineError && timesReturnCut < MOST_TIMES_CUT - 1) {
            timesReturnCut++;
            throw e;
        }
        registry.log().warn(while_, e);
    }

    boolean isBeingGivenBack() {
        return givingBack;
    }

    /** Whether an error cut the giving back, and nobody has done it again. */
    boolean returnWasCut() {
        return returnCut;
    }

    /** Keeps every time limit away from this lease until then, by the ticker's nanoseconds. */
    void extendUntil(long nanos) {
        extendedUntil = nanos;
        showLife();
    }

    /** The same while this piece of work lasts. */
    void keepSafe(LongTransaction work) {
        longTransaction = work;
        showLife();
    }

    /** Whoever asks for time is alive: what was judged before fails at the fence. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void showLife() {
        touches = touches + 1;
    }

    boolean isExtended(long now) {
        Long until = extendedUntil;
        LongTransaction work = longTransaction;
        return (until != null && until - now > 0) || (work != null && work.covers(now));
    }

    /**
     * Whether it is still lent, no time was asked for, and nothing was run that is spared: else no time limit of the user's
     * holds. Its backend may be in the hands of the next borrower by now.
     */
    public boolean isStillLimited(long now) {
        return !isOver() && !isExtended(now) && statementTag == null;
    }

    /** The call with this sequence waits for somebody. Should it fail, its exception will tell. */
    public void heldUp(long sequence, HeldUpException note) {
        heldUp = new HeldUp(sequence, note);
    }

    /** Whether it was found out whom the call with this sequence waited for. */
    public boolean wasHeldUp(long sequence) {
        HeldUp seen = heldUp;
        return seen != null && seen.sequence() == sequence;
    }

    /** Whether it is known whom the call in progress waits for. */
    boolean isHeldUp() {
        long seen = word();
        return StateWord.callsInProgress(seen) != 0 && wasHeldUp(StateWord.sequence(seen));
    }

    /** How long the call with this sequence had been seen when the loop last looked or since; zero if it was not seen. */
    public Duration callSeenFor(long sequence, long now) {
        LeaseWatch seen = watch;
        return seen == null ? Duration.ZERO : seen.callFor(sequence, now);
    }

    /** The place in the code that borrowed it; resolved at each call. */
    public String site() {
        return borrowStack.site();
    }

    /** The driver's own word, kept from the protocol. Takes no lock. */
    public boolean isTransactionOpen() {
        return driver.getTransactionState() != TransactionState.IDLE;
    }

    /** Whether somebody else than its borrower has switched auto-commit off: its pool, or a transaction manager for it. */
    boolean isSwitchedByOthers() {
        return !isAutoCommit() && !autoCommitSaid;
    }

    /** Whether its transaction is a global one, as far as can be told: of a pool that was seen to take part in such. */
    boolean isEnlisted() {
        return registry.knowsGlobalTransactions() && isSwitchedByOthers();
    }

    /**
     * Whether the pool has its connection back although nobody closed the lease: some take it at the end of a transaction.
     * What is closed because the connection was lost is not: its slot is still lent.
     */
    boolean isTakenBack() {
        try {
            return registry.isLentAnew(this, driver) || (lent.isClosed() && isConnected());
        } catch (SQLException | RuntimeException | LinkageError | AssertionError e) {
            return false; // of a pool that cannot tell
        }
    }

    /** Over without a {@code close()}, and nothing is left to be given back. */
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

    /** It was closed, and its transaction stayed open. */
    void leftOpen() {
        switchedByOthers = isSwitchedByOthers();
        leftOpen = true;
    }

    /** As it was when it was closed. */
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

    /** Where it is entered among the open ones, if it is entered there. */
    int place() {
        return owner.place;
    }

    /** The connection that the pool lent. */
    Connection lent() {
        return lent;
    }

    /** Whether the call in progress can be nobody's but the borrower's. Where another call's end hid whose it is: no. */
    boolean callIsOwners() {
        return callThread == owner.threadId;
    }

    @Nullable
    Thread ownerThread() {
        return owner.get();
    }

    /** The application's thread that has taken on the giving back; null until then. */
    @Nullable
    Thread closer() {
        return closer;
    }

    int touches() {
        return touches;
    }

    /**
     * Whether another thread used it, or may: what an open copy still waits for, any thread can bring, one that rests till
     * then, too. That it is out of everybody's reach still tells.
     */
    boolean isMoved() {
        return moved || copy != null;
    }

    boolean wasMoved() {
        return moved;
    }

    /** Whether another thread than the borrower's called at all: it need not have been use. */
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
        return scopeEnd;
    }

    /** The tag, among those that are spared, of a statement that the transaction ran; null when there is none. */
    @Nullable
    String statementTag() {
        return statementTag;
    }

    BorrowStack borrowStack() {
        return borrowStack;
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

    /** As its number, which an identity hash would have to be made up for. */
    @Override
    public int hashCode() {
        return Long.hashCode(id);
    }
}
