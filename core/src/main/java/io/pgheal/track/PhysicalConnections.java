package io.pgheal.track;

import io.pgheal.postgres.PhysicalIdentity;
import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * The pool's physical connections: the backend of each, and its last borrower. Keeps no connection reachable.
 * Thread-safe; called by the application's threads.
 */
final class PhysicalConnections {
    private static final int RECENT = 64; // a power of two

    private final TrackerLog log;
    private final IntSupplier places;
    private final Map<BaseConnection, Known> physicals = Collections.synchronizedMap(new WeakHashMap<>());
    /** The entries of {@code physicals} that were looked up last, by their identity hash: a hit here takes no lock. */
    private final AtomicReferenceArray<@Nullable Known> recent = new AtomicReferenceArray<>(RECENT);

    private final AtomicBoolean poolerLogged = new AtomicBoolean();
    private final AtomicBoolean lateLogged = new AtomicBoolean();
    private volatile Consumer<PhysicalIdentity> newConnection = nobody -> {};

    /**
     * Knows no connection yet.
     *
     * @param places gives each connection its place among the open leases
     */
    PhysicalConnections(TrackerLog log, IntSupplier places) {
        this.log = log;
        this.places = places;
    }

    /**
     * A physical connection and its last borrower. Often the same thread borrows again, which needs but one reference.
     * Does not refer to the connection. Only the borrower of the connection reads and writes it, one at a time; the
     * pool's hand-over publishes the writes to the next borrower.
     */
    private static final class Known extends WeakReference<BaseConnection> {
        private Borrower borrower;
        /**
         * So far the connection was seen only inside a transaction, so the server has not been asked for the backend.
         */
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

    void onNew(Consumer<PhysicalIdentity> listener) {
        newConnection = listener;
    }

    /** The calling thread as the borrower of this connection. */
    Borrower borrow(Connection lent, BaseConnection driver) throws SQLException {
        Known known = known(driver);
        if (known == null) {
            boolean later = isInTransaction(driver);
            known = new Known(driver, later ? unknown(driver) : identify(lent, driver), places.getAsInt(), later);
            physicals.put(driver, known);
        }
        if (known.toBeAsked) {
            askLate(known, lent, driver);
        }
        return known.borrowedByCurrentThread();
    }

    private @Nullable Known known(BaseConnection driver) {
        int index = System.identityHashCode(driver) & (RECENT - 1);
        Known last = recent.get(index);
        if (last != null && last.refersTo(driver)) {
            return last;
        }
        Known known = physicals.get(driver);
        if (known != null) {
            recent.set(index, known);
        }
        return known;
    }

    /**
     * Postpones the question: within a transaction, the server is not asked, whether the pool (auto-commit off) or an
     * XA manager began it.
     */
    private void askLate(Known known, Connection lent, BaseConnection driver) throws SQLException {
        if (!isInTransaction(driver)) {
            known.asked(identify(lent, driver));
        } else if (lateLogged.compareAndSet(false, true)) {
            log.info(
                    "a new connection was lent with a transaction open, begun by the pool's own settings or by XA: who serves"
                            + " it is asked once that is over, and until then it is only ever aborted, never signalled");
        }
    }

    /**
     * The application has ended a transaction: asks the server what could not be asked when the connection was lent. A
     * pool that begins a transaction at each borrow, to test the connection, leaves no other moment. The answer is
     * known from the next lease on.
     */
    void transactionEnded(Connection lent, BaseConnection driver) throws SQLException {
        Known known = known(driver);
        if (known != null && known.toBeAsked) {
            askLate(known, lent, driver);
        }
    }

    /** Removes a connection that is gone. */
    void forget(BaseConnection driver) {
        physicals.remove(driver);
        int index = System.identityHashCode(driver) & (RECENT - 1);
        Known known = recent.get(index);
        if (known != null && known.refersTo(driver)) {
            recent.compareAndSet(index, known, null);
        }
    }

    static boolean isInTransaction(BaseConnection driver) {
        TransactionState state = driver.getTransactionState();
        return state == TransactionState.OPEN || state == TransactionState.FAILED;
    }

    private static PhysicalConnection unknown(BaseConnection driver) {
        return new PhysicalConnection(driver.getBackendPID(), null);
    }

    private PhysicalConnection identify(Connection lent, BaseConnection driver) throws SQLException {
        try {
            PhysicalIdentity identity = PhysicalIdentity.read(lent);
            if (identity.poolerInBetween() && poolerLogged.compareAndSet(false, true)) {
                log.warn("a pooler stands between " + log.dataSource()
                        + " and its server: backends are never signalled by "
                        + "the driver's pid, an abandoned connection is still aborted");
            }
            newConnection.accept(identity);
            return new PhysicalConnection(driver.getBackendPID(), identity);
        } catch (SQLException | RuntimeException | Error e) {
            if (CutCall.isCutBy(e)) {
                driver.abort(Runnable::run); // the answer to our question would arrive as the application's next answer
                throw e;
            }
            log.warn("asking a new connection who serves it (it will only ever be aborted, never signalled)", e);
            return unknown(driver);
        }
    }
}
