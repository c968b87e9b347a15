package io.pgheal.track;

import io.pgheal.Internal;
import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.core.BaseConnection;

/**
 * A lease that nobody ever borrowed, of a connection that leads nowhere: the healing side rehearses a heal on it. Has a
 * registry of its own.
 */
@Internal
public final class LeaseOfNobody {
    private final LeaseRegistry registry;

    public LeaseOfNobody(Ticker ticker) {
        registry = new LeaseRegistry("rehearsal", new Pool.UnknownPool(() -> 0), true, 0, ticker, () -> false);
    }

    public LeaseRegistry registry() {
        return registry;
    }

    /** Borrows this connection, leaves a transaction open on it, and ends the work that it was borrowed for. */
    public void leave(BaseConnection nowhere) throws SQLException {
        try (LeaseScope work = registry.openScope("rehearsal", true)) {
            Connection lent = registry.lend(nowhere, nowhere);
            lent.setAutoCommit(false);
            lent.createStatement().execute("SELECT 1");
        }
    }
}
