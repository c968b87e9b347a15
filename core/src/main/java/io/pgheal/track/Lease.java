package io.pgheal.track;

import io.pgheal.postgres.SqlState;
import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.sql.SQLException;
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

    final StateWord state = new StateWord();
    private final long id;
    private final LeaseRegistry registry;
    private final Connection lent;
    private final BaseConnection driver;
    private final PhysicalConnection physical;
    private final WeakReference<Thread> owner;
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

    /** What cut the connection, and whether that call could have committed. */
    record Cut(String cause, boolean mayHaveCommitted) {}

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
        this.borrowStack = borrowStack;
        this.scope = scope;
    }

    // ---- the application's threads

    /**
     * A call begins. Throws, and nothing has begun, if the lease is over. Where the stack would not last through a
     * driver call, the overflow comes here, before anything is cut.
     */
    void enter(Call next) throws SQLException {
        if (registry.preflight()) {
            StackPreflight.touch();
        }
        Thread thread = Thread.currentThread();
        if (StateWord.callsInProgress(state.read()) != 0 && callThread == thread.getId()) {
            // A thread makes one call at a time: its last one was cut by an overflow that cut failed() too.
            state.poison();
            registry.cut();
        }
        if (!state.tryEnter()) {
            throw refusal(next);
        }
        callThread = thread.getId();
        call = next;
        Revocation would = suspicion;
        if (would != null && next.refutes()) {
            suspicion = null;
            registry.refuted(this, would);
        }
        if (next.isUse && !moved && !owner.refersTo(thread)) {
            moved = true;
        }
    }

    /** A statement begins. */
    void enter(Call next, String sql) throws SQLException {
        enter(next);
        if (driver.getTransactionState() == TransactionState.IDLE) {
            statementCount = 0;
        }
        statements[statementCount++ % STATEMENTS_KEPT] = sql;
        if (!sessionBound && SessionBound.byStatement(sql)) {
            sessionBound = true;
        }
    }

    /** The call ended whole. */
    void exit() {
        state.exit();
    }

    /**
     * The call ended by a throwable. If that cut the protocol, the connection is poisoned in the same step that ends
     * the call. Should an overflow cut this method, the call stays in progress, and {@link #close} will abort.
     */
    void failed(Throwable thrown) {
        if (CutCall.isCutBy(thrown)) {
            state.exitPoisoned(); // first: whatever cuts the rest of this method, the connection is out of use
            cut = new Cut(thrown.getClass().getName(), mayHaveCommitted());
            failure = Failure.of(thrown, StateWord.sequence(state.read()));
            registry.cut();
        } else {
            Failure seen = Failure.of(thrown, StateWord.sequence(state.read()));
            failure = seen;
            state.exit();
            if (SqlState.endsLockWait(seen.sqlState())) {
                registry.failedWait(this, seen);
            } else if (!isConnected()) {
                registry.outlived(physical, driver); // by a socket timeout, say: its backend may not know yet
            }
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

    public boolean isOver() {
        long seen = state.read();
        return StateWord.isTaken(seen) || StateWord.isClosed(seen);
    }

    boolean isPoisoned() {
        return StateWord.isPoisoned(state.read());
    }

    /** On a cut connection: the application rolls back. Returns normally, so that no clean-up masks the first error. */
    void rollbackPoisoned() throws SQLException {
        if (state.tryTake(true)) {
            giveBack();
        }
        cleanedUp = true;
        Cut seen = cut;
        if (seen != null && seen.mayHaveCommitted()) {
            throw new CutConnectionException(seen.cause(), true);
        }
    }

    /** On a cut connection: whether a call that only puts things back may be passed over in silence. */
    boolean isCleanedUp() {
        return cleanedUp;
    }

    /** Idempotent, silent after a revocation. */
    void close() throws SQLException {
        if (registry.preflight()) {
            try {
                StackPreflight.touch();
            } catch (StackOverflowError tooDeep) {
                state.refuseClose();
                registry.wake();
                throw tooDeep;
            }
        }
        switch (state.close()) {
            case ENDED -> registry.closed(this);
            case CUT -> giveBack();
            case CLEAN -> {
                if (!owner.refersTo(Thread.currentThread())) {
                    moved = true;
                }
                boolean whole = false;
                try {
                    lent.close();
                    whole = true;
                } catch (SQLException e) {
                    whole = true;
                    if (!isConnected()) {
                        registry.outlived(physical, driver);
                    }
                    throw e;
                } finally {
                    if (whole) {
                        registry.closed(this);
                    } else {
                        registry.giveBackLater(this);
                    }
                }
            }
        }
    }

    /** JDBC's abort: the connection is over, and its pool gets its slot back when the application closes. */
    void abort(Executor executor) throws SQLException {
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
        try {
            return driver.getAutoCommit() || SessionBound.commits(lastStatement());
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
        Cut cutBy = cut;
        if (StateWord.isPoisoned(seen) && !StateWord.isClosed(seen)) {
            return cutBy == null
                    ? new CutConnectionException("an error", true)
                    : new CutConnectionException(cutBy.cause(), cutBy.mayHaveCommitted());
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

    /** Whether a call that is in progress was begun by the current thread: at the end of its scope it is stale. */
    boolean callIsMine() {
        return callThread == Thread.currentThread().getId();
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

    /** Gives back a lease that is poisoned, or whose close was refused for want of stack or cut. */
    public void finishCut(boolean callsAreStale) {
        long seen = state.read();
        if (state.tryTake(callsAreStale) || (StateWord.isClosed(seen) && callsAreStale)) {
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

    @Nullable
    Thread ownerThread() {
        return owner.get();
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
        var texts = new java.util.ArrayList<String>(kept);
        for (int i = count - kept; i < count; i++) {
            String text = statements[i % STATEMENTS_KEPT];
            if (text != null) {
                texts.add(text);
            }
        }
        return texts;
    }
}
