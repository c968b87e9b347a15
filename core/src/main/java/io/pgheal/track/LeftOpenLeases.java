package io.pgheal.track;

import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.postgresql.core.BaseConnection;

/**
 * Leases that the application has closed while their transactions are open still: the last lease of each connection.
 * Thread-safe.
 */
final class LeftOpenLeases {
    private final OpenLeases open;
    private final Map<BaseConnection, Lease> leftOpen = new ConcurrentHashMap<>();
    /** Where there was none so far, nobody looks. */
    private volatile boolean any;

    private volatile boolean nobodyLooks;
    private volatile boolean knowsGlobalTransactions;

    LeftOpenLeases(OpenLeases open) {
        this.open = open;
    }

    /** A transaction is open on what was just closed: the same one still, unless it has been lent since. */
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

    /** The connection is lent: who has closed it says nothing about it any more. */
    void lent(BaseConnection driver) {
        if (any) {
            leftOpen.remove(driver);
        }
    }

    void healerEnds() {
        nobodyLooks = true;
        leftOpen.clear();
    }

    /** All that are left open; those that are over, or lent anew, are forgotten. Belongs to the loop. */
    Collection<Lease> look() {
        if (!any) {
            return Set.of();
        }
        Set<BaseConnection> lent = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Lease lease : open) {
            lent.add(lease.driver());
        }
        leftOpen.keySet().removeAll(lent); // whoever has it now speaks for it
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
                && leftOpen.get(lease.driver()) == lease) { // else it was the next borrower
            knowsGlobalTransactions = true;
        }
        return over;
    }

    Collection<Lease> all() {
        return leftOpen.values();
    }

    /**
     * Whether a transaction manager (JTA) was seen at work: with auto-commit off, which the borrower had not said, a
     * transaction outlived {@code close()}, and once it was over auto-commit was on again, though nobody had borrowed since.
     */
    boolean knowsGlobalTransactions() {
        return knowsGlobalTransactions;
    }
}
