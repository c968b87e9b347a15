package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/** A result set; keeps its statement's handle reachable. */
class ResultSetHandle extends ResultSetCalls {
    ResultSetHandle(Lease lease, Handle owner, ResultSet raw) {
        super(lease, owner, raw);
    }

    /**
     * The statement that made this result set. For a result set of metadata, a handle around the driver's statement.
     */
    @Override
    public @Nullable Statement getStatement() throws SQLException {
        lease.touch();
        try {
            Statement made = raw.getStatement(); // asked in any case, for it refuses when the result set is closed
            if (owner instanceof StatementHandle maker) {
                return maker;
            }
            return made == null ? null : new StatementHandle(lease, connection(), made);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
