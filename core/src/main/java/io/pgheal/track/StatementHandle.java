package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/** A statement; keeps the connection's handle reachable, and remembers of its batch what the report of a cut needs. */
class StatementHandle extends StatementCalls {
    /** One statement of the batch: the first that may commit, if there is one. */
    private @Nullable String batch;

    private @Nullable String batchTag;

    StatementHandle(Lease lease, Handle owner, Statement raw) {
        super(lease, owner, raw);
    }

    /** The text under which a batch executes. */
    String text() {
        String known = batch;
        return known == null ? "" : known;
    }

    @Override
    public void addBatch(String sql) throws SQLException {
        lease.touch();
        try {
            raw.addBatch(sql);
            if (batch == null || !SessionBound.commits(batch)) {
                batch = sql;
            }
            if (sql != null && SessionBound.byStatement(sql)) {
                lease.sessionBound();
            }
            String tag = lease.tagIn(sql);
            if (tag != null) {
                batchTag = tag;
            }
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void clearBatch() throws SQLException {
        lease.touch();
        try {
            batch = null;
            batchTag = null;
            raw.clearBatch();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int[] executeBatch() throws SQLException {
        lease.enter(Call.EXECUTE, text());
        lease.noteTag(batchTag);
        try {
            int[] result = raw.executeBatch();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long[] executeLargeBatch() throws SQLException {
        lease.enter(Call.EXECUTE, text());
        lease.noteTag(batchTag);
        try {
            long[] result = raw.executeLargeBatch();
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
