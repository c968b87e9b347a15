package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/** A result set; keeps its statement's handle reachable. */
final class ResultSetHandle extends ResultSetCalls {
    private final boolean inMemory;

    /** @param inMemory whether all of its rows are, so that the server is not asked for more */
    ResultSetHandle(Lease lease, Handle owner, ResultSet raw, boolean inMemory) {
        super(lease, owner, raw);
        this.inMemory = inMemory;
    }

    /** A call only where it may ask the server for more rows: reading many rows is what much of a program's time goes into. */
    @Override
    public boolean next() throws SQLException {
        if (inMemory) {
            lease.advance();
        } else {
            lease.enter(Call.FETCH);
        }
        try {
            boolean result = raw.next();
            if (!inMemory) {
                lease.exit();
            }
            return result;
        } catch (Throwable t) {
            if (inMemory) {
                lease.cut(t);
            } else {
                lease.failed(t);
            }
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
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
