package io.pgheal.track;

import java.io.InputStream;
import java.io.Reader;
import java.lang.ref.Reference;
import java.math.BigDecimal;
import java.net.URL;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Date;
import java.sql.NClob;
import java.sql.Ref;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.RowId;
import java.sql.SQLException;
import java.sql.SQLType;
import java.sql.SQLWarning;
import java.sql.SQLXML;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Wrapper;
import java.util.Calendar;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A result set; it keeps its statement's handle reachable. What moves the cursor, or what the driver may have to ask the
 * server about, is a call; plain columns of the current row stay in memory.
 */
final class ResultSetHandle extends WrapperHandle implements ResultSet {
    private final ResultSet raw;

    ResultSetHandle(Lease lease, Handle owner, ResultSet raw) {
        super(lease, owner);
        this.raw = raw;
    }

    @Override
    Wrapper below() {
        return raw;
    }

    @Override
    public boolean next() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            boolean result = raw.next();
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
    public boolean wasNull() throws SQLException {
        lease.touch();
        try {
            return raw.wasNull();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable String getString(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable String result = raw.getString(columnIndex);
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
    public boolean getBoolean(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getBoolean(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public byte getByte(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getByte(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public short getShort(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getShort(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getInt(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getInt(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long getLong(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getLong(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public float getFloat(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getFloat(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public double getDouble(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getDouble(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    @Deprecated
    public @Nullable BigDecimal getBigDecimal(int columnIndex, int scale) throws SQLException {
        lease.touch();
        try {
            return raw.getBigDecimal(columnIndex, scale);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public byte @Nullable [] getBytes(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getBytes(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Date getDate(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getDate(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Time getTime(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getTime(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Timestamp getTimestamp(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getTimestamp(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable InputStream getAsciiStream(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable InputStream result = wrap(raw.getAsciiStream(columnIndex));
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
    @Deprecated
    public @Nullable InputStream getUnicodeStream(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable InputStream result = wrap(raw.getUnicodeStream(columnIndex));
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
    public @Nullable InputStream getBinaryStream(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable InputStream result = wrap(raw.getBinaryStream(columnIndex));
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
    public @Nullable String getString(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable String result = raw.getString(columnLabel);
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
    public boolean getBoolean(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getBoolean(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public byte getByte(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getByte(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public short getShort(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getShort(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getInt(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getInt(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long getLong(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getLong(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public float getFloat(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getFloat(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public double getDouble(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getDouble(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    @Deprecated
    public @Nullable BigDecimal getBigDecimal(String columnLabel, int scale) throws SQLException {
        lease.touch();
        try {
            return raw.getBigDecimal(columnLabel, scale);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public byte @Nullable [] getBytes(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getBytes(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Date getDate(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getDate(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Time getTime(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getTime(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Timestamp getTimestamp(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getTimestamp(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable InputStream getAsciiStream(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable InputStream result = wrap(raw.getAsciiStream(columnLabel));
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
    @Deprecated
    public @Nullable InputStream getUnicodeStream(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable InputStream result = wrap(raw.getUnicodeStream(columnLabel));
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
    public @Nullable InputStream getBinaryStream(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable InputStream result = wrap(raw.getBinaryStream(columnLabel));
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
    public @Nullable String getCursorName() throws SQLException {
        lease.touch();
        try {
            return raw.getCursorName();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSetMetaData getMetaData() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSetMetaData result = wrap(raw.getMetaData());
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
    public @Nullable Object getObject(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(raw.getObject(columnIndex));
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
    public @Nullable Object getObject(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(raw.getObject(columnLabel));
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
    public int findColumn(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.findColumn(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Reader getCharacterStream(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Reader result = wrap(raw.getCharacterStream(columnIndex));
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
    public @Nullable Reader getCharacterStream(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Reader result = wrap(raw.getCharacterStream(columnLabel));
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
    public @Nullable BigDecimal getBigDecimal(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getBigDecimal(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable BigDecimal getBigDecimal(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getBigDecimal(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isBeforeFirst() throws SQLException {
        lease.touch();
        try {
            return raw.isBeforeFirst();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isAfterLast() throws SQLException {
        lease.touch();
        try {
            return raw.isAfterLast();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isFirst() throws SQLException {
        lease.touch();
        try {
            return raw.isFirst();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isLast() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            boolean result = raw.isLast();
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
    public void beforeFirst() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.beforeFirst();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void afterLast() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.afterLast();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean first() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            boolean result = raw.first();
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
    public boolean last() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            boolean result = raw.last();
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
    public int getRow() throws SQLException {
        lease.touch();
        try {
            return raw.getRow();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean absolute(int row) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            boolean result = raw.absolute(row);
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
    public boolean relative(int rows) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            boolean result = raw.relative(rows);
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
    public boolean previous() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            boolean result = raw.previous();
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
    public int getType() throws SQLException {
        lease.touch();
        try {
            return raw.getType();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getConcurrency() throws SQLException {
        lease.touch();
        try {
            return raw.getConcurrency();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean rowUpdated() throws SQLException {
        lease.touch();
        try {
            return raw.rowUpdated();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean rowInserted() throws SQLException {
        lease.touch();
        try {
            return raw.rowInserted();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean rowDeleted() throws SQLException {
        lease.touch();
        try {
            return raw.rowDeleted();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNull(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateNull(columnIndex);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBoolean(int columnIndex, boolean x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateBoolean(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateByte(int columnIndex, byte x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateByte(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateShort(int columnIndex, short x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateShort(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateInt(int columnIndex, int x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateInt(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateLong(int columnIndex, long x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateLong(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateFloat(int columnIndex, float x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateFloat(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateDouble(int columnIndex, double x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateDouble(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBigDecimal(int columnIndex, BigDecimal x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateBigDecimal(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateString(int columnIndex, String x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateString(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBytes(int columnIndex, byte[] x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateBytes(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateDate(int columnIndex, Date x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateDate(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateTime(int columnIndex, Time x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateTime(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateTimestamp(int columnIndex, Timestamp x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateTimestamp(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateAsciiStream(int columnIndex, InputStream x, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateAsciiStream(columnIndex, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBinaryStream(int columnIndex, InputStream x, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBinaryStream(columnIndex, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateCharacterStream(int columnIndex, Reader x, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateCharacterStream(columnIndex, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateObject(int columnIndex, Object x, int scaleOrLength) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateObject(columnIndex, own(x), scaleOrLength);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateObject(int columnIndex, Object x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateObject(columnIndex, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNull(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateNull(columnLabel);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBoolean(String columnLabel, boolean x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateBoolean(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateByte(String columnLabel, byte x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateByte(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateShort(String columnLabel, short x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateShort(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateInt(String columnLabel, int x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateInt(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateLong(String columnLabel, long x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateLong(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateFloat(String columnLabel, float x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateFloat(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateDouble(String columnLabel, double x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateDouble(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBigDecimal(String columnLabel, BigDecimal x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateBigDecimal(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateString(String columnLabel, String x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateString(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBytes(String columnLabel, byte[] x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateBytes(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateDate(String columnLabel, Date x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateDate(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateTime(String columnLabel, Time x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateTime(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateTimestamp(String columnLabel, Timestamp x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateTimestamp(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateAsciiStream(String columnLabel, InputStream x, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateAsciiStream(columnLabel, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBinaryStream(String columnLabel, InputStream x, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBinaryStream(columnLabel, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateCharacterStream(String columnLabel, Reader reader, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateCharacterStream(columnLabel, reader, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateObject(String columnLabel, Object x, int scaleOrLength) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateObject(columnLabel, own(x), scaleOrLength);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateObject(String columnLabel, Object x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateObject(columnLabel, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void insertRow() throws SQLException {
        lease.enter(Call.EXECUTE);
        try {
            raw.insertRow();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateRow() throws SQLException {
        lease.enter(Call.EXECUTE);
        try {
            raw.updateRow();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void deleteRow() throws SQLException {
        lease.enter(Call.EXECUTE);
        try {
            raw.deleteRow();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void refreshRow() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.refreshRow();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void cancelRowUpdates() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.cancelRowUpdates();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void moveToInsertRow() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.moveToInsertRow();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void moveToCurrentRow() throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.moveToCurrentRow();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
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

    @Override
    public @Nullable Object getObject(int columnIndex, Map<String, Class<?>> map) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(raw.getObject(columnIndex, map));
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
    public @Nullable Ref getRef(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getRef(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Blob getBlob(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Blob result = wrap(raw.getBlob(columnIndex));
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
    public @Nullable Clob getClob(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Clob result = wrap(raw.getClob(columnIndex));
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
    public @Nullable Array getArray(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Array result = wrap(raw.getArray(columnIndex));
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
    public @Nullable Object getObject(String columnLabel, Map<String, Class<?>> map) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(raw.getObject(columnLabel, map));
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
    public @Nullable Ref getRef(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getRef(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Blob getBlob(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Blob result = wrap(raw.getBlob(columnLabel));
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
    public @Nullable Clob getClob(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Clob result = wrap(raw.getClob(columnLabel));
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
    public @Nullable Array getArray(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Array result = wrap(raw.getArray(columnLabel));
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
    public @Nullable Date getDate(int columnIndex, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return raw.getDate(columnIndex, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Date getDate(String columnLabel, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return raw.getDate(columnLabel, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Time getTime(int columnIndex, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return raw.getTime(columnIndex, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Time getTime(String columnLabel, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return raw.getTime(columnLabel, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Timestamp getTimestamp(int columnIndex, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return raw.getTimestamp(columnIndex, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Timestamp getTimestamp(String columnLabel, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return raw.getTimestamp(columnLabel, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable URL getURL(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getURL(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable URL getURL(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getURL(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateRef(int columnIndex, Ref x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateRef(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateRef(String columnLabel, Ref x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateRef(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBlob(int columnIndex, Blob x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBlob(columnIndex, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBlob(String columnLabel, Blob x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBlob(columnLabel, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateClob(int columnIndex, Clob x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateClob(columnIndex, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateClob(String columnLabel, Clob x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateClob(columnLabel, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateArray(int columnIndex, Array x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateArray(columnIndex, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateArray(String columnLabel, Array x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateArray(columnLabel, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable RowId getRowId(int columnIndex) throws SQLException {
        lease.touch();
        try {
            return raw.getRowId(columnIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable RowId getRowId(String columnLabel) throws SQLException {
        lease.touch();
        try {
            return raw.getRowId(columnLabel);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateRowId(int columnIndex, RowId x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateRowId(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateRowId(String columnLabel, RowId x) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateRowId(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getHoldability() throws SQLException {
        lease.touch();
        try {
            return raw.getHoldability();
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
    public void updateNString(int columnIndex, String nString) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateNString(columnIndex, nString);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNString(String columnLabel, String nString) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            raw.updateNString(columnLabel, nString);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNClob(int columnIndex, NClob nClob) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateNClob(columnIndex, own(nClob));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNClob(String columnLabel, NClob nClob) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateNClob(columnLabel, own(nClob));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable NClob getNClob(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable NClob result = wrap(raw.getNClob(columnIndex));
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
    public @Nullable NClob getNClob(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable NClob result = wrap(raw.getNClob(columnLabel));
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
    public @Nullable SQLXML getSQLXML(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable SQLXML result = wrap(raw.getSQLXML(columnIndex));
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
    public @Nullable SQLXML getSQLXML(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable SQLXML result = wrap(raw.getSQLXML(columnLabel));
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
    public void updateSQLXML(int columnIndex, SQLXML xmlObject) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateSQLXML(columnIndex, own(xmlObject));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateSQLXML(String columnLabel, SQLXML xmlObject) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateSQLXML(columnLabel, own(xmlObject));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable String getNString(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable String result = raw.getNString(columnIndex);
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
    public @Nullable String getNString(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable String result = raw.getNString(columnLabel);
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
    public @Nullable Reader getNCharacterStream(int columnIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Reader result = wrap(raw.getNCharacterStream(columnIndex));
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
    public @Nullable Reader getNCharacterStream(String columnLabel) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Reader result = wrap(raw.getNCharacterStream(columnLabel));
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
    public void updateNCharacterStream(int columnIndex, Reader x, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateNCharacterStream(columnIndex, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNCharacterStream(String columnLabel, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateNCharacterStream(columnLabel, reader, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateAsciiStream(int columnIndex, InputStream x, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateAsciiStream(columnIndex, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBinaryStream(int columnIndex, InputStream x, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBinaryStream(columnIndex, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateCharacterStream(int columnIndex, Reader x, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateCharacterStream(columnIndex, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateAsciiStream(String columnLabel, InputStream x, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateAsciiStream(columnLabel, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBinaryStream(String columnLabel, InputStream x, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBinaryStream(columnLabel, x, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateCharacterStream(String columnLabel, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateCharacterStream(columnLabel, reader, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBlob(int columnIndex, InputStream inputStream, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBlob(columnIndex, inputStream, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBlob(String columnLabel, InputStream inputStream, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBlob(columnLabel, inputStream, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateClob(int columnIndex, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateClob(columnIndex, reader, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateClob(String columnLabel, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateClob(columnLabel, reader, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNClob(int columnIndex, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateNClob(columnIndex, reader, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNClob(String columnLabel, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateNClob(columnLabel, reader, length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNCharacterStream(int columnIndex, Reader x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateNCharacterStream(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNCharacterStream(String columnLabel, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateNCharacterStream(columnLabel, reader);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateAsciiStream(int columnIndex, InputStream x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateAsciiStream(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBinaryStream(int columnIndex, InputStream x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBinaryStream(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateCharacterStream(int columnIndex, Reader x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateCharacterStream(columnIndex, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateAsciiStream(String columnLabel, InputStream x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateAsciiStream(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBinaryStream(String columnLabel, InputStream x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBinaryStream(columnLabel, x);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateCharacterStream(String columnLabel, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateCharacterStream(columnLabel, reader);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBlob(int columnIndex, InputStream inputStream) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBlob(columnIndex, inputStream);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateBlob(String columnLabel, InputStream inputStream) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateBlob(columnLabel, inputStream);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateClob(int columnIndex, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateClob(columnIndex, reader);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateClob(String columnLabel, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateClob(columnLabel, reader);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNClob(int columnIndex, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateNClob(columnIndex, reader);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateNClob(String columnLabel, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateNClob(columnLabel, reader);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public <T> @Nullable T getObject(int columnIndex, Class<T> type) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable T result = wrapObject(raw.getObject(columnIndex, type), type);
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
    public <T> @Nullable T getObject(String columnLabel, Class<T> type) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable T result = wrapObject(raw.getObject(columnLabel, type), type);
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
    public void updateObject(int columnIndex, Object x, SQLType targetSqlType, int scaleOrLength) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateObject(columnIndex, own(x), targetSqlType, scaleOrLength);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateObject(String columnLabel, Object x, SQLType targetSqlType, int scaleOrLength)
            throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateObject(columnLabel, own(x), targetSqlType, scaleOrLength);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateObject(int columnIndex, Object x, SQLType targetSqlType) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateObject(columnIndex, own(x), targetSqlType);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void updateObject(String columnLabel, Object x, SQLType targetSqlType) throws SQLException {
        lease.enter(Call.HOST);
        try {
            raw.updateObject(columnLabel, own(x), targetSqlType);
            lease.exit();
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
