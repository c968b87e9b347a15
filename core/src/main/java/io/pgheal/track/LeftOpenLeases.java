package io.pgheal.track;

import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.postgresql.core.BaseConnection;

/**
 * Leases that the application closed while their transactions stayed open: the last lease of each connection.
 * Thread-safe.
 */
final class LeftOpenLeases {
    private final OpenLeases open;
    private final Map<BaseConnection, Lease> leftOpen = new ConcurrentHashMap<>();
    /** False until the first one: then looks are skipped. */
    private volatile boolean any;

    private volatile boolean nobodyLooks;
    private volatile boolean knowsGlobalTransactions;

    LeftOpenLeases(OpenLeases open) {
        this.open = open;
    }

    /**
     * A transaction was open when the lease was closed: it is still the same one, unless the connection was lent again.
     */
    void add(Lease lease) {
        if (isLentTwice(lease) || !PhysicalConnections.isInTransaction(lease.driver())) {
            return;
        }
        lease.leftOpen();
        any = true;
        leftOpen.put(lease.driver(), lease);
        if (isLentTwice(lease)) {
            leftOpen.remove(lease.driver(), lease);
        }
        if (nobodyLooks) {
            leftOpen.clear();
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

    /** The connection is lent again: its previous lease no longer matters. */
    void lent(BaseConnection driver) {
        if (any) {
            leftOpen.remove(driver);
        }
    }

    void healerEnds() {
        nobodyLooks = true;
        leftOpen.clear();
    }

    /** All leases that are left open; drops those that are over or lent again. Belongs to the loop. */
    Collection<Lease> look() {
        if (!any) {
            return Set.of();
        }
        Set<BaseConnection> lent = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Lease lease : open) {
            lent.add(lease.driver());
        }
        leftOpen.keySet().removeAll(lent); // the new borrower is responsible for the transaction now
        leftOpen.values().removeIf(this::isOver);
        return leftOpen.values();
    }

    private boolean isOver(Lease lease) {
        if (!lease.isConnected()) {
            return true;
        }
        boolean over = !PhysicalConnections.isInTransaction(lease.driver());
        if (over
                && lease.wasSwitchedByOthers()
                && !lease.isSwitchedByOthers()
                && leftOpen.get(lease.driver()) == lease) { // else the next borrower switched it
            knowsGlobalTransactions = true;
        }
        return over;
    }

    Collection<Lease> all() {
        return leftOpen.values();
    }

    /**
     * Whether a transaction manager (JTA) was seen at work: with auto-commit off, not set by the borrower, a
     * transaction outlived {@code close()}; and once the transaction was over, auto-commit was on again, though nobody
     * had borrowed the connection since.
     */
    boolean knowsGlobalTransactions() {
        return knowsGlobalTransactions;
    }
}
