package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * A result set all of whose rows have come, and that no cursor of the server belongs to. To move on to the next row is no
 * call: reading many rows is what much of a program's time goes into. A class of its own, because a field would make each
 * result set larger.
 */
final class RowsInMemoryHandle extends ResultSetHandle {
    RowsInMemoryHandle(Lease lease, Handle owner, ResultSet raw) {
        super(lease, owner, raw);
    }

    @Override
    public boolean next() throws SQLException {
        lease.advance();
        try {
            return raw.next();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void close() throws SQLException {
        if (!lease.enterRelease()) {
            return;
        }
        try {
            raw.close();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
