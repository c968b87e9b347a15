package io.pgheal.track;

import java.sql.Connection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import net.ttddyy.dsproxy.ConnectionIdManager;

/**
 * The connection ids that datasource-proxy passes to its listeners. Bounded, because datasource-proxy does not remove
 * the id of a connection whose {@code close()} threw: the oldest ids are forgotten.
 */
class ConnectionIds implements ConnectionIdManager {
    private static final int KEPT = 10_000;

    private final AtomicLong ids = new AtomicLong();

    /** Guarded by its own monitor; in the order of opening. */
    private final Set<String> open = new LinkedHashSet<>();

    @Override
    public String getId(Connection connection) {
        String id = Long.toString(ids.incrementAndGet());
        synchronized (open) {
            if (open.size() >= KEPT) {
                var oldest = open.iterator();
                oldest.next();
                oldest.remove();
            }
            open.add(id);
        }
        return id;
    }

    @Override
    public void addClosedId(String closedId) {
        synchronized (open) {
            open.remove(closedId);
        }
    }

    @Override
    public Set<String> getOpenConnectionIds() {
        synchronized (open) {
            return Collections.unmodifiableSet(new LinkedHashSet<>(open));
        }
    }
}
