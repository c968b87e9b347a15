package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/** A result set; it keeps its statement's handle reachable. */
final class ResultSetHandle extends ResultSetCalls {
    ResultSetHandle(Lease lease, Handle owner, ResultSet raw) {
        super(lease, owner, raw);
    }

    /** The statement that made this result set; for one that metadata made, the driver's, in a handle. */
    @Override
    public @Nullable Statement getStatement() throws SQLException {
        lease.touch();
        try {
            if (owner instanceof StatementHandle maker) {
                return maker;
            }
            Statement made = raw.getStatement();
            return made == null ? null : new StatementHandle(lease, connection(), made);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
