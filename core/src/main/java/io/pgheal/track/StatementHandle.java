package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.sql.Wrapper;
import org.jspecify.annotations.Nullable;

/** A statement; it keeps the connection's handle reachable. */
class StatementHandle extends WrapperHandle implements Statement {
    private final Statement raw;

    /** One statement of the batch, and the first that may commit if there is one: what the story of a cut needs. */
    private @Nullable String batch;

    private @Nullable String batchTag;

    StatementHandle(Lease lease, Handle owner, Statement raw) {
        super(lease, owner);
        this.raw = raw;
    }

    @Override
    Wrapper below() {
        return raw;
    }

    /** What a batch executes. */
    String text() {
        String known = batch;
        return known == null ? "" : known;
    }

    @Override
    public @Nullable ResultSet executeQuery(String sql) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            @Nullable ResultSet result = wrap(raw.executeQuery(sql));
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
    public int executeUpdate(String sql) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            int result = raw.executeUpdate(sql);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Silent on a lease that is over or cut. */
    @Override
    public void close() throws SQLException {
        if (!lease.enterClose()) {
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

    @Override
    public int getMaxFieldSize() throws SQLException {
        lease.touch();
        try {
            return raw.getMaxFieldSize();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setMaxFieldSize(int max) throws SQLException {
        lease.touch();
        try {
            raw.setMaxFieldSize(max);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getMaxRows() throws SQLException {
        lease.touch();
        try {
            return raw.getMaxRows();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setMaxRows(int max) throws SQLException {
        lease.touch();
        try {
            raw.setMaxRows(max);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setEscapeProcessing(boolean enable) throws SQLException {
        lease.touch();
        try {
            raw.setEscapeProcessing(enable);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getQueryTimeout() throws SQLException {
        lease.touch();
        try {
            return raw.getQueryTimeout();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setQueryTimeout(int seconds) throws SQLException {
        lease.touch();
        try {
            raw.setQueryTimeout(seconds);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Comes from another thread while a call is in progress: neither a call nor use of the lease. */
    @Override
    public void cancel() throws SQLException {
        lease.check();
        try {
            raw.cancel();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable SQLWarning getWarnings() throws SQLException {
        if (lease.isCut()) {
            return null; // clean-up code that asks is not to stumble
        }
        lease.touch();
        try {
            return raw.getWarnings();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void clearWarnings() throws SQLException {
        if (!lease.enterReset()) {
            return;
        }
        try {
            raw.clearWarnings();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setCursorName(String name) throws SQLException {
        lease.touch();
        try {
            raw.setCursorName(name);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean execute(String sql) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            boolean result = raw.execute(sql);
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
    public @Nullable ResultSet getResultSet() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable ResultSet result = wrap(raw.getResultSet());
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
    public int getUpdateCount() throws SQLException {
        lease.touch();
        try {
            return raw.getUpdateCount();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean getMoreResults() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            boolean result = raw.getMoreResults();
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
    public void setFetchDirection(int direction) throws SQLException {
        lease.touch();
        try {
            raw.setFetchDirection(direction);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getFetchDirection() throws SQLException {
        lease.touch();
        try {
            return raw.getFetchDirection();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setFetchSize(int rows) throws SQLException {
        lease.touch();
        try {
            raw.setFetchSize(rows);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getFetchSize() throws SQLException {
        lease.touch();
        try {
            return raw.getFetchSize();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getResultSetConcurrency() throws SQLException {
        lease.touch();
        try {
            return raw.getResultSetConcurrency();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getResultSetType() throws SQLException {
        lease.touch();
        try {
            return raw.getResultSetType();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
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

    /** The handle that made this statement, never what lies below it. */
    @Override
    public Connection getConnection() throws SQLException {
        if (!lease.isCut()) {
            lease.check();
        }
        try {
            return connection();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean getMoreResults(int current) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            boolean result = raw.getMoreResults(current);
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
    public @Nullable ResultSet getGeneratedKeys() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable ResultSet result = wrap(raw.getGeneratedKeys());
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
    public int executeUpdate(String sql, int autoGeneratedKeys) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            int result = raw.executeUpdate(sql, autoGeneratedKeys);
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
    public int executeUpdate(String sql, int[] columnIndexes) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            int result = raw.executeUpdate(sql, columnIndexes);
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
    public int executeUpdate(String sql, String[] columnNames) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            int result = raw.executeUpdate(sql, columnNames);
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
    public boolean execute(String sql, int autoGeneratedKeys) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            boolean result = raw.execute(sql, autoGeneratedKeys);
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
    public boolean execute(String sql, int[] columnIndexes) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            boolean result = raw.execute(sql, columnIndexes);
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
    public boolean execute(String sql, String[] columnNames) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            boolean result = raw.execute(sql, columnNames);
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
    public int getResultSetHoldability() throws SQLException {
        lease.touch();
        try {
            return raw.getResultSetHoldability();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isClosed() throws SQLException {
        try {
            return lease.isOver() ? true : raw.isClosed();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setPoolable(boolean poolable) throws SQLException {
        lease.touch();
        try {
            raw.setPoolable(poolable);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isPoolable() throws SQLException {
        lease.touch();
        try {
            return raw.isPoolable();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void closeOnCompletion() throws SQLException {
        lease.touch();
        try {
            raw.closeOnCompletion();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isCloseOnCompletion() throws SQLException {
        lease.touch();
        try {
            return raw.isCloseOnCompletion();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long getLargeUpdateCount() throws SQLException {
        lease.touch();
        try {
            return raw.getLargeUpdateCount();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setLargeMaxRows(long max) throws SQLException {
        lease.touch();
        try {
            raw.setLargeMaxRows(max);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long getLargeMaxRows() throws SQLException {
        lease.touch();
        try {
            return raw.getLargeMaxRows();
        } catch (Throwable t) {
            lease.cut(t);
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

    @Override
    public long executeLargeUpdate(String sql) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            long result = raw.executeLargeUpdate(sql);
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
    public long executeLargeUpdate(String sql, int autoGeneratedKeys) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            long result = raw.executeLargeUpdate(sql, autoGeneratedKeys);
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
    public long executeLargeUpdate(String sql, int[] columnIndexes) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            long result = raw.executeLargeUpdate(sql, columnIndexes);
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
    public long executeLargeUpdate(String sql, String[] columnNames) throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            long result = raw.executeLargeUpdate(sql, columnNames);
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
    public String enquoteLiteral(String val) throws SQLException {
        lease.touch();
        try {
            return raw.enquoteLiteral(val);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String enquoteIdentifier(String identifier, boolean alwaysQuote) throws SQLException {
        lease.touch();
        try {
            return raw.enquoteIdentifier(identifier, alwaysQuote);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isSimpleIdentifier(String identifier) throws SQLException {
        lease.touch();
        try {
            return raw.isSimpleIdentifier(identifier);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String enquoteNCharLiteral(String val) throws SQLException {
        lease.touch();
        try {
            return raw.enquoteNCharLiteral(val);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String toString() {
        try {
            return raw.toString();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
