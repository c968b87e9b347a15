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
 * The pool's physical connections: who serves each, and who borrowed it last. Keeps none of them reachable. Thread-safe;
 * called by the application's threads.
 */
final class PhysicalConnections {
    private static final int RECENT = 64; // a power of two

    private final TrackerLog log;
    private final IntSupplier places;
    private final Map<BaseConnection, Known> physicals = Collections.synchronizedMap(new WeakHashMap<>());
    /** Of {@code physicals}, those that were asked for last, by their identity hash: to find one there takes no lock. */
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

    void onNew(Consumer<PhysicalIdentity> listener) {
        newConnection = listener;
    }

    /** The calling thread as the borrower of this connection. */
    Borrower borrow(Connection lent, BaseConnection driver) throws SQLException {
        int index = System.identityHashCode(driver) & (RECENT - 1);
        Known known = recent.get(index);
        if (known == null || !known.refersTo(driver)) {
            known = physicals.get(driver);
            if (known == null) {
                boolean later = isInTransaction(driver);
                known = new Known(driver, later ? unknown(driver) : identify(lent, driver), places.getAsInt(), later);
                physicals.put(driver, known);
            }
            recent.set(index, known);
        }
        if (known.toBeAsked) {
            askLate(known, lent, driver);
        }
        return known.borrowedByCurrentThread();
    }

    /** Whoever began the transaction, the pool itself with auto-commit off or an XA one, it is not asked within it. */
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
     * The application has ended a transaction: now is the time to ask what could not be asked when the connection was lent.
     * Where the pool begins one at each borrow, to test the connection, there is no other. Known from the next lease on.
     */
    void transactionEnded(Connection lent, BaseConnection driver) throws SQLException {
        Known known = physicals.get(driver);
        if (known != null && known.toBeAsked) {
            askLate(known, lent, driver);
        }
    }

    /** The connection is gone. */
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
                driver.abort(Runnable::run); // the next answer on it would be this question's
                throw e;
            }
            log.warn("asking a new connection who serves it (it will only ever be aborted, never signalled)", e);
            return unknown(driver);
        }
    }
}
