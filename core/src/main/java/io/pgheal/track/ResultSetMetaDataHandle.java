package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Wrapper;

/** Metadata of a result set: the driver asks the server for some of it, and only when it is read. */
final class ResultSetMetaDataHandle extends WrapperHandle implements ResultSetMetaData {
    private final ResultSetMetaData raw;

    ResultSetMetaDataHandle(Lease lease, Handle owner, ResultSetMetaData raw) {
        super(lease, owner);
        this.raw = raw;
    }

    @Override
    Wrapper below() {
        return raw;
    }

    @Override
    public int getColumnCount() throws SQLException {
        lease.touch();
        try {
            return raw.getColumnCount();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isAutoIncrement(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isAutoIncrement(column);
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
    public boolean isCaseSensitive(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isCaseSensitive(column);
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
    public boolean isSearchable(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isSearchable(column);
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
    public boolean isCurrency(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isCurrency(column);
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
    public int isNullable(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.isNullable(column);
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
    public boolean isSigned(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isSigned(column);
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
    public int getColumnDisplaySize(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getColumnDisplaySize(column);
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
    public String getColumnLabel(int column) throws SQLException {
        lease.touch();
        try {
            return raw.getColumnLabel(column);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getColumnName(int column) throws SQLException {
        lease.touch();
        try {
            return raw.getColumnName(column);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String getSchemaName(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getSchemaName(column);
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
    public int getPrecision(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getPrecision(column);
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
    public int getScale(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getScale(column);
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
    public String getTableName(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getTableName(column);
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
    public String getCatalogName(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getCatalogName(column);
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
    public int getColumnType(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw.getColumnType(column);
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
    public String getColumnTypeName(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getColumnTypeName(column);
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
    public boolean isReadOnly(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isReadOnly(column);
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
    public boolean isWritable(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isWritable(column);
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
    public boolean isDefinitelyWritable(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw.isDefinitelyWritable(column);
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
    public String getColumnClassName(int column) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            String result = raw.getColumnClassName(column);
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
