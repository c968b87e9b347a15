package io.pgheal.postgres;

import io.pgheal.Internal;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.core.BaseConnection;

/**
 * pgheal's own connection to the server: outside every pool, so that it works when the pool is exhausted, and always in
 * auto-commit, because inside a transaction {@code pg_stat_activity} stands still and a judged moment would never pass.
 *
 * <p>Each method is one short statement (a story behind a long queue is up to three) and throws when the connection is lost; the caller decides when
 * to {@link #connect()} again. Not thread-safe, but {@link #abort()} may be called by any thread.
 */
@Internal
public final class ControlConnection implements AutoCloseable {
    private final ConnectionOpener opener;
    private volatile @Nullable Connection connection;

    public ControlConnection(ConnectionOpener opener) {
        this.opener = Objects.requireNonNull(opener, "opener");
    }

    /** Closes what is left of the present connection and opens a new one: one attempt, no waiting in between. */
    public void connect() throws SQLException {
        close();
        Connection opened = opener.open();
        try {
            opened.setAutoCommit(true);
        } catch (SQLException | RuntimeException | Error e) {
            opened.abort(Runnable::run);
            throw e;
        }
        connection = opened;
    }

    /**
     * Makes the server keep the plans of all further statements, because planning takes longer than executing. Not for use
     * behind a pooler, where the next statement may reach another server process.
     */
    void keepPlans() throws SQLException {
        live().unwrap(PGConnection.class).setPrepareThreshold(1);
    }

    /** As far as is known without asking the server. */
    public boolean isOpen() {
        Connection present = connection;
        try {
            return present != null && !present.isClosed();
        } catch (SQLException e) {
            return false;
        }
    }

    /** Our own backend's pid, as the driver says. */
    public int pid() throws SQLException {
        return live().unwrap(PGConnection.class).getBackendPID();
    }

    /** The address that it is connected to. */
    ServerAddress address() throws SQLException {
        return ServerAddress.of(live().unwrap(BaseConnection.class));
    }

    public ServerIdentity identity() throws SQLException {
        return ServerQuery.identity(live());
    }

    public Capabilities capabilities() throws SQLException {
        return ServerQuery.capabilities(live());
    }

    public Optional<Backend> backend(int pid) throws SQLException {
        return backends(List.of(pid)).stream().findFirst();
    }

    /** The backends with these pids, as far as they exist. */
    public List<Backend> backends(Collection<Integer> pids) throws SQLException {
        return ActivityQuery.backends(live(), pids);
    }

    /** Those of the suspects that somebody waits for right now. Cheap: for asking several times a second. */
    public Set<Integer> inTheWay(Collection<Integer> suspects) throws SQLException {
        return inTheWay(suspects, List.of());
    }

    /**
     * The same.
     *
     * @param knownWaiters pids that waited for them, for a role that does not see other roles' sessions
     */
    public Set<Integer> inTheWay(Collection<Integer> suspects, Collection<Integer> knownWaiters) throws SQLException {
        return ActivityQuery.inTheWay(live(), suspects, knownWaiters);
    }

    /**
     * Who waits for whom, without tables: does not read {@code pg_locks}.
     *
     * @param waiters where to begin; null for all waiters
     */
    public BlockingTree blockingTree(@Nullable Collection<Integer> waiters) throws SQLException {
        return BlockingQuery.cheap(live(), waiters);
    }

    /** The same with tables, modes, exact waits and prepared transactions: for a report, once per incident. */
    public BlockingTree fullBlockingTree(@Nullable Collection<Integer> waiters) throws SQLException {
        return BlockingQuery.full(live(), waiters);
    }

    /**
     * The part of the story that is known in a moment, however long the queue behind the backend is: what it does, and one of
     * its advisory locks if it holds any. Empty when the backend is not there any more.
     */
    public Optional<BackendStory> moment(BackendId backend) throws SQLException {
        return Optional.ofNullable(ActivityQuery.moment(live(), backend));
    }

    /** What a backend holds, and its waiters; empty when the backend is not there any more. */
    public Optional<BackendStory> story(BackendId backend) throws SQLException {
        return Optional.ofNullable(LockQuery.story(live(), backend));
    }

    /** The locks on a table (and its partitions), held and waited for. */
    public List<TableLock> locksOn(TableName table) throws SQLException {
        return LockQuery.on(live(), table);
    }

    /** Cancels the statement that the backend runs, if it is still in the judged moment. */
    public Signal cancel(TransactionRef judged) throws SQLException {
        return GuardedSignal.CANCEL.send(live(), judged);
    }

    /** Ends the session, if it is still in the judged moment. */
    public Signal terminate(TransactionRef judged) throws SQLException {
        return GuardedSignal.TERMINATE.send(live(), judged);
    }

    /** See {@link #transactionGone(TransactionRef, Collection)}; with the waiters that our role can see. */
    public boolean transactionGone(TransactionRef judged) throws SQLException {
        return transactionGone(judged, List.of());
    }

    /**
     * Whether the judged transaction is seen to be gone: its backend is gone, or runs another transaction and blocks
     * nobody. "Aborted" is not enough, a savepoint keeps the locks; hidden is not gone.
     *
     * @param knownWaiters pids that waited for it, for a role that does not see other roles' sessions
     */
    public boolean transactionGone(TransactionRef judged, Collection<Integer> knownWaiters) throws SQLException {
        return ActivityQuery.transactionGone(live(), judged, knownWaiters);
    }

    /**
     * What became of a transaction: {@code committed}, {@code aborted} or {@code in progress}; empty when it is too old.
     *
     * @param xid 32 bits, as in {@link Backend#xid()}, or the full 64
     */
    public Optional<String> transactionStatus(String xid) throws SQLException {
        return ServerQuery.transactionStatus(live(), xid);
    }

    private Connection live() throws SQLException {
        Connection present = connection;
        if (present == null) {
            throw new SQLException(
                    "the control connection is not open: connect() first", SqlState.CONNECTION_DOES_NOT_EXIST);
        }
        return present;
    }

    /** Cuts the socket, whatever the owning thread is doing; that thread gets an SQLException. */
    public void abort() {
        Connection present = connection;
        if (present != null) {
            try {
                present.abort(Runnable::run);
            } catch (SQLException e) {
                // It is broken already, which is what was asked for.
            }
        }
    }

    /** Closes the connection, if there is one. It may be connected again. */
    @Override
    public void close() {
        Connection present = connection;
        connection = null;
        if (present != null) {
            try {
                present.close();
            } catch (SQLException e) {
                // Nothing is open on it that could be lost.
            }
        }
    }
}
