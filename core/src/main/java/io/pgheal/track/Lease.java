package io.pgheal.track;

import io.pgheal.postgres.SqlState;
import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * One borrowed connection, from {@code getConnection()} to its return.
 *
 * <p>The application's threads call {@link #enter}, {@link #exit}, {@link #failed}, {@link #touch} and {@link #close};
 * they record nothing but the {@link StateWord} and a few plain fields, and read no clock: the healing loop dates what
 * it sees ({@link LeaseWatch}). The healing side calls {@link #revoke} and {@link #giveBack}. A lease never refers to
 * its handle, or the handle would never be collected.
 */
public final class Lease {
    private static final int STATEMENTS_KEPT = 8;
    private static final Duration LONGEST_EXTENSION = Duration.ofDays(3650);

    final StateWord state = new StateWord();
    private final long id;
    private final LeaseRegistry registry;
    private final Connection lent;
    private final BaseConnection driver;
    private final PhysicalConnection physical;
    private final WeakReference<Thread> owner;
    private final long ownerId;
    private final BorrowStack borrowStack;
    private volatile @Nullable LeaseScope scope;

    // Written by the application's threads, read by the healing loop after it has read the state word.
    private volatile int touches;
    private boolean moved;
    private boolean unwrapped;
    private boolean sessionBound;
    private @Nullable Call call;
    private long callThread;
    private final @Nullable String[] statements = new String[STATEMENTS_KEPT];
    private int statementCount;
    private volatile @Nullable Failure failure;
    private volatile @Nullable Cut cut;
    private volatile boolean cleanedUp;
    private volatile @Nullable Thread closer;
    private volatile boolean returned;
    private volatile @Nullable ScopeEnd scopeEnd;
    private volatile @Nullable Long extendedUntil;

    private volatile @Nullable Revocation revocation;
    private volatile @Nullable Revocation suspicion;

    // Owned by the healing loop's thread.
    @Nullable
    HandleReference reference;

    @Nullable
    LeaseWatch watch;

    volatile boolean unreachable;

    /** What cut the connection, whether that call could have committed, and the mode in which it ran. */
    private record Cut(String cause, boolean mayHaveCommitted, boolean autoCommit) {}

    Lease(
            long id,
            LeaseRegistry registry,
            Connection lent,
            BaseConnection driver,
            PhysicalConnection physical,
            BorrowStack borrowStack,
            @Nullable LeaseScope scope) {
        this.id = id;
        this.registry = registry;
        this.lent = lent;
        this.driver = driver;
        this.physical = physical;
        this.owner = new WeakReference<>(Thread.currentThread());
        this.ownerId = Thread.currentThread().getId();
        this.borrowStack = borrowStack;
        this.scope = scope;
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
        }
        statements[Math.floorMod(statementCount++, STATEMENTS_KEPT)] = sql;
        if (!sessionBound && SessionBound.byStatement(sql)) {
            sessionBound = true;
        }
    }

    /** A call begins, or false, and nothing has begun, if the lease is over or cut. */
    boolean tryEnter(Call next) {
        if (registry.preflight()) {
            StackPreflight.touch(id + StateWord.sequence(state.read()));
        }
        Thread thread = Thread.currentThread();
        if (callThread == thread.getId() && StateWord.callsInProgress(state.read()) != 0) {
            // A thread makes one call at a time: its last one was cut by an overflow that cut failed() too.
            state.poison();
            recordCut("an error that nobody saw", mayHaveCommitted());
        }
        if (!state.tryEnter()) {
            return false;
        }
        callThread = next == Call.HOST ? 0 : thread.getId();
        call = next;
        Revocation would = suspicion;
        if (would != null && next.refutes() && (next != Call.COMMIT || isTransactionOpen())) {
            suspicion = null;
            registry.refuted(this, would);
        }
        if (next.isUse && !moved && !owner.refersTo(thread)) {
            moved = true;
        }
        return true;
    }

    /** A call that puts a setting back begins; false if it is to be passed over in silence. */
    boolean enterReset() throws SQLException {
        return tryEnter(Call.RESET) || passOver();
    }

    /** {@code setAutoCommit(true)} commits, but as clean-up code calls it, it refutes nothing. */
    boolean enterAutoCommit(boolean autoCommit) throws SQLException {
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
        if (tryEnter(Call.ROLLBACK)) {
            return true;
        }
        if (!isCut()) {
            throw refusal(Call.ROLLBACK);
        }
        rollbackPoisoned();
        return false;
    }

    /** The call ended whole. */
    void exit() {
        callThread = 0;
        state.exit();
    }

    /**
     * The call ended by a throwable. If that cut the protocol, the connection is poisoned in the same step that ends
     * the call. Should an overflow cut this method, the call stays in progress, and {@link #close} will abort.
     */
    void failed(Throwable thrown) {
        if (CutCall.isCutBy(thrown)) {
            state.exitPoisoned(); // first: whatever cuts the rest of this method, the connection is out of use
            callThread = 0;
            recordCut(thrown.getClass().getName(), mayHaveCommitted());
            failure = Failure.of(thrown, StateWord.sequence(state.read()));
        } else {
            Failure seen = Failure.of(thrown, StateWord.sequence(state.read()));
            failure = seen;
            if (seen.endsLockWait()) {
                registry.failedWait(this, seen);
            } else if (!isConnected()) {
                registry.outlived(physical, driver); // by a socket timeout, say: its backend may not know yet
            }
            exit();
        }
    }

    /**
     * A touch ended by a throwable. An error poisons here too: nobody can tell what it left half done. Nothing was being
     * executed, unless another thread's call is in progress.
     */
    void cut(Throwable thrown) {
        if (CutCall.isCutBy(thrown)) {
            state.poison();
            recordCut(thrown.getClass().getName(), StateWord.callsInProgress(state.read()) != 0 && mayHaveCommitted());
            failure = Failure.of(thrown, StateWord.sequence(state.read()));
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

    /** Refuses what is neither a call nor a touch: cancelling, unwrapping. */
    void check() throws SQLException {
        if (StateWord.isFenced(state.read())) {
            throw refusal(Call.PREPARE);
        }
    }

    /** A call that stays in memory: reading a column of the current row. Seen by the watch, refused after the fence. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void touch() throws SQLException {
        long seen = state.read();
        if (StateWord.isFenced(seen)) {
            throw refusal(Call.FETCH);
        }
        touches = touches + 1; // not atomic: where two threads lose a count, thread evidence is void anyway
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
        long seen = state.read();
        return StateWord.isTaken(seen) || StateWord.isClosed(seen);
    }

    /** As the application sees it: a connection that was cut is open until it is closed. */
    boolean isClosed() {
        long seen = state.read();
        return StateWord.isClosed(seen)
                || StateWord.isRevoked(seen)
                || (StateWord.isTaken(seen) && !StateWord.isPoisoned(seen));
    }

    /** Whether the connection was cut by an error, and the application is yet to clean up. */
    boolean isCut() {
        return StateWord.isCut(state.read());
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
        if (state.tryTake(true)) {
            closer = Thread.currentThread();
            giveBackOrLater();
        }
        cleanedUp = true;
        if (seen.mayHaveCommitted()) {
            throw new CutConnectionException(seen.cause(), true);
        }
    }

    /** As {@link #giveBack}; what an overflow cuts, the healing side does again. */
    private void giveBackOrLater() {
        boolean whole = false;
        try {
            giveBack();
            whole = true;
        } finally {
            if (!whole) {
                registry.giveBackLater(this);
            }
        }
    }

    /** Idempotent, silent after a revocation. */
    void close() throws SQLException {
        if (registry.preflight()) {
            try {
                StackPreflight.touch(id);
            } catch (StackOverflowError tooDeep) {
                state.refuseClose();
                registry.wake();
                throw tooDeep;
            }
        }
        Thread current = Thread.currentThread();
        switch (state.close()) {
            case ENDED -> {} // whoever ended it gives the connection back
            case CUT -> {
                closer = current;
                if (callThread == current.getId()) {
                    recordCut("an error that nobody saw", mayHaveCommitted()); // else another thread is still in a call
                }
                giveBackOrLater();
            }
            case CLEAN -> {
                closer = current;
                if (!owner.refersTo(current)) {
                    moved = true;
                }
                try {
                    lent.close();
                    returned = true; // from here on it may be somebody else's
                } catch (SQLException e) {
                    returned = true;
                    if (!isConnected()) {
                        registry.outlived(physical, driver);
                    }
                    throw e;
                } finally {
                    if (returned) {
                        registry.closed(this);
                    } else {
                        registry.giveBackLater(this);
                    }
                }
            }
        }
    }

    /**
     * JDBC's abort: the connection is over, and its pool gets its slot back when the application closes. Silent once
     * the lease is over, for then the connection may be somebody else's.
     */
    void abort(Executor executor) throws SQLException {
        if (isOver()) {
            return;
        }
        lent.abort(executor);
        registry.outlived(physical, driver);
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
        return count == 0 ? null : statements[(count - 1) % STATEMENTS_KEPT];
    }

    private SQLException refusal(Call refused) {
        long seen = state.read();
        Revocation why = revocation;
        if (StateWord.isRevoked(seen) && why != null) {
            if (why.evidenceBased() && refused.refutes()) {
                registry.refuted(this, why);
            }
            return new LeaseRevokedException(why);
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

    void passTo(LeaseScope outer) {
        scope = outer;
    }

    void scopeEnded(ScopeEnd end) {
        scopeEnd = end;
    }

    /** Whether a call or a close in progress was begun by the current thread: at the end of its scope it is stale. */
    boolean callIsMine() {
        return closer == Thread.currentThread()
                || (callThread == Thread.currentThread().getId() && StateWord.callsInProgress(state.read()) != 0);
    }

    // ---- the healing side

    public long id() {
        return id;
    }

    /**
     * The fence: after it no call of the application can begin on this lease, nor on its statements and result sets.
     *
     * @return false if any call began since the judgement, or is in progress and not proven stale, or the lease ended
     */
    public boolean revoke(LeaseSnapshot judged, boolean callsAreStale, Revocation why) {
        if (touches != judged.touches()) {
            return false;
        }
        revocation = why;
        return state.tryRevoke(judged.sequence(), callsAreStale);
    }

    /** In observe mode: this lease would have been revoked. If its owner goes on, that would have been wrong. */
    public void suspect(Revocation would) {
        suspicion = would;
    }

    /** Gives back what the application could not. Does nothing if it went on, or somebody else was first. */
    public void finish(LeaseSnapshot judged) {
        boolean mine = switch (judged.unfinished()) {
            case NOTHING -> false;
            case CUT -> state.tryTake(judged.callIsStale());
            case CLOSE -> registry.isOpen(this);
        };
        if (!mine) {
            return;
        }
        if (returned) {
            registry.closed(this); // only this was cut
        } else {
            giveBack();
        }
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
     * server: the backend sees the end of the socket and rolls back, if it is not busy.
     */
    public void giveBack() {
        registry.outlived(physical, driver);
        try {
            driver.abort(Runnable::run);
        } catch (SQLException | RuntimeException e) {
            registry.complain("aborting the connection of lease " + id, e);
        }
        try {
            registry.pool().discard(lent);
        } catch (SQLException | RuntimeException e) {
            // Closing an aborted connection may well complain; the pool has its slot back all the same.
            registry.grumble("closing the pool's handle of lease " + id, e);
        }
        registry.closed(this);
    }

    /** Keeps every time limit away from this lease until then, by the ticker's nanoseconds. */
    void extendUntil(long nanos) {
        extendedUntil = nanos;
    }

    /** The driver's own word, kept from the protocol. Takes no lock. */
    public boolean isTransactionOpen() {
        return driver.getTransactionState() != TransactionState.IDLE;
    }

    public PhysicalConnection physical() {
        return physical;
    }

    /** Whether the call in progress can be nobody's but the borrower's. */
    boolean callIsOwners() {
        long caller = callThread;
        return caller == 0 || caller == ownerId;
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

    boolean isMoved() {
        return moved;
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

    @Nullable
    Long extendedUntil() {
        return extendedUntil;
    }

    BorrowStack borrowStack() {
        return borrowStack;
    }

    /** The transaction's last statements, the oldest first, as the application wrote them. */
    List<String> statements() {
        int count = statementCount;
        int kept = Math.min(count, STATEMENTS_KEPT);
        var texts = new ArrayList<String>(kept);
        for (int i = count - kept; i < count; i++) {
            String text = statements[i % STATEMENTS_KEPT];
            if (text != null) {
                texts.add(text);
            }
        }
        return texts;
    }
}
