package io.pgheal.track;

import java.io.InputStream;
import java.io.Reader;
import java.lang.ref.Reference;
import java.math.BigDecimal;
import java.net.URL;
import java.sql.Array;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Date;
import java.sql.NClob;
import java.sql.Ref;
import java.sql.RowId;
import java.sql.SQLException;
import java.sql.SQLType;
import java.sql.SQLXML;
import java.sql.Time;
import java.sql.Timestamp;
import java.util.Calendar;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A call of a function or procedure. */
final class CallableStatementHandle extends PreparedStatementHandle implements CallableStatement {
    private final CallableStatement callable;

    CallableStatementHandle(Lease lease, Handle owner, CallableStatement raw, String sql) {
        super(lease, owner, raw, sql);
        this.callable = raw;
    }

    @Override
    public void registerOutParameter(int parameterIndex, int sqlType) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterIndex, sqlType);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(int parameterIndex, int sqlType, int scale) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterIndex, sqlType, scale);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean wasNull() throws SQLException {
        lease.touch();
        try {
            return callable.wasNull();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable String getString(int parameterIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable String result = callable.getString(parameterIndex);
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
    public boolean getBoolean(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getBoolean(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public byte getByte(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getByte(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public short getShort(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getShort(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getInt(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getInt(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long getLong(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getLong(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public float getFloat(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getFloat(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public double getDouble(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getDouble(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    @Deprecated
    public @Nullable BigDecimal getBigDecimal(int parameterIndex, int scale) throws SQLException {
        lease.touch();
        try {
            return callable.getBigDecimal(parameterIndex, scale);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public byte @Nullable [] getBytes(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getBytes(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Date getDate(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getDate(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Time getTime(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getTime(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Timestamp getTimestamp(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getTimestamp(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Object getObject(int parameterIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(callable.getObject(parameterIndex));
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
    public @Nullable BigDecimal getBigDecimal(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getBigDecimal(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Object getObject(int parameterIndex, Map<String, Class<?>> map) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(callable.getObject(parameterIndex, map));
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
    public @Nullable Ref getRef(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getRef(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Blob getBlob(int parameterIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Blob result = wrap(callable.getBlob(parameterIndex));
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
    public @Nullable Clob getClob(int parameterIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Clob result = wrap(callable.getClob(parameterIndex));
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
    public @Nullable Array getArray(int parameterIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Array result = wrap(callable.getArray(parameterIndex));
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
    public @Nullable Date getDate(int parameterIndex, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return callable.getDate(parameterIndex, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Time getTime(int parameterIndex, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return callable.getTime(parameterIndex, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Timestamp getTimestamp(int parameterIndex, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return callable.getTimestamp(parameterIndex, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(int parameterIndex, int sqlType, String typeName) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterIndex, sqlType, typeName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(String parameterName, int sqlType) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterName, sqlType);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(String parameterName, int sqlType, int scale) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterName, sqlType, scale);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(String parameterName, int sqlType, String typeName) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterName, sqlType, typeName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable URL getURL(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getURL(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setURL(String parameterName, URL val) throws SQLException {
        lease.touch();
        try {
            callable.setURL(parameterName, val);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNull(String parameterName, int sqlType) throws SQLException {
        lease.touch();
        try {
            callable.setNull(parameterName, sqlType);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBoolean(String parameterName, boolean x) throws SQLException {
        lease.touch();
        try {
            callable.setBoolean(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setByte(String parameterName, byte x) throws SQLException {
        lease.touch();
        try {
            callable.setByte(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setShort(String parameterName, short x) throws SQLException {
        lease.touch();
        try {
            callable.setShort(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setInt(String parameterName, int x) throws SQLException {
        lease.touch();
        try {
            callable.setInt(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setLong(String parameterName, long x) throws SQLException {
        lease.touch();
        try {
            callable.setLong(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setFloat(String parameterName, float x) throws SQLException {
        lease.touch();
        try {
            callable.setFloat(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setDouble(String parameterName, double x) throws SQLException {
        lease.touch();
        try {
            callable.setDouble(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBigDecimal(String parameterName, BigDecimal x) throws SQLException {
        lease.touch();
        try {
            callable.setBigDecimal(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setString(String parameterName, String x) throws SQLException {
        lease.touch();
        try {
            callable.setString(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBytes(String parameterName, byte[] x) throws SQLException {
        lease.touch();
        try {
            callable.setBytes(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setDate(String parameterName, Date x) throws SQLException {
        lease.touch();
        try {
            callable.setDate(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setTime(String parameterName, Time x) throws SQLException {
        lease.touch();
        try {
            callable.setTime(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setTimestamp(String parameterName, Timestamp x) throws SQLException {
        lease.touch();
        try {
            callable.setTimestamp(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setAsciiStream(String parameterName, InputStream x, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setAsciiStream(parameterName, own(x), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBinaryStream(String parameterName, InputStream x, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setBinaryStream(parameterName, own(x), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setObject(String parameterName, Object x, int targetSqlType, int scale) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setObject(parameterName, own(x), targetSqlType, scale);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setObject(String parameterName, Object x, int targetSqlType) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setObject(parameterName, own(x), targetSqlType);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setObject(String parameterName, Object x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setObject(parameterName, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setCharacterStream(String parameterName, Reader reader, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setCharacterStream(parameterName, own(reader), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setDate(String parameterName, Date x, Calendar cal) throws SQLException {
        lease.touch();
        try {
            callable.setDate(parameterName, x, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setTime(String parameterName, Time x, Calendar cal) throws SQLException {
        lease.touch();
        try {
            callable.setTime(parameterName, x, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setTimestamp(String parameterName, Timestamp x, Calendar cal) throws SQLException {
        lease.touch();
        try {
            callable.setTimestamp(parameterName, x, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNull(String parameterName, int sqlType, String typeName) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            callable.setNull(parameterName, sqlType, typeName);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable String getString(String parameterName) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable String result = callable.getString(parameterName);
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
    public boolean getBoolean(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getBoolean(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public byte getByte(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getByte(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public short getShort(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getShort(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getInt(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getInt(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long getLong(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getLong(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public float getFloat(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getFloat(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public double getDouble(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getDouble(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public byte @Nullable [] getBytes(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getBytes(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Date getDate(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getDate(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Time getTime(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getTime(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Timestamp getTimestamp(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getTimestamp(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Object getObject(String parameterName) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(callable.getObject(parameterName));
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
    public @Nullable BigDecimal getBigDecimal(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getBigDecimal(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Object getObject(String parameterName, Map<String, Class<?>> map) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Object result = wrapObject(callable.getObject(parameterName, map));
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
    public @Nullable Ref getRef(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getRef(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Blob getBlob(String parameterName) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Blob result = wrap(callable.getBlob(parameterName));
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
    public @Nullable Clob getClob(String parameterName) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Clob result = wrap(callable.getClob(parameterName));
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
    public @Nullable Array getArray(String parameterName) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Array result = wrap(callable.getArray(parameterName));
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
    public @Nullable Date getDate(String parameterName, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return callable.getDate(parameterName, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Time getTime(String parameterName, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return callable.getTime(parameterName, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Timestamp getTimestamp(String parameterName, Calendar cal) throws SQLException {
        lease.touch();
        try {
            return callable.getTimestamp(parameterName, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable URL getURL(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getURL(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable RowId getRowId(int parameterIndex) throws SQLException {
        lease.touch();
        try {
            return callable.getRowId(parameterIndex);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable RowId getRowId(String parameterName) throws SQLException {
        lease.touch();
        try {
            return callable.getRowId(parameterName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setRowId(String parameterName, RowId x) throws SQLException {
        lease.touch();
        try {
            callable.setRowId(parameterName, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNString(String parameterName, String value) throws SQLException {
        lease.touch();
        try {
            callable.setNString(parameterName, value);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNCharacterStream(String parameterName, Reader value, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setNCharacterStream(parameterName, own(value), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNClob(String parameterName, NClob value) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setNClob(parameterName, own(value));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setClob(String parameterName, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setClob(parameterName, own(reader), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBlob(String parameterName, InputStream inputStream, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setBlob(parameterName, own(inputStream), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNClob(String parameterName, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setNClob(parameterName, own(reader), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable NClob getNClob(int parameterIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable NClob result = wrap(callable.getNClob(parameterIndex));
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
    public @Nullable NClob getNClob(String parameterName) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable NClob result = wrap(callable.getNClob(parameterName));
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
    public void setSQLXML(String parameterName, SQLXML xmlObject) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setSQLXML(parameterName, own(xmlObject));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable SQLXML getSQLXML(int parameterIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable SQLXML result = wrap(callable.getSQLXML(parameterIndex));
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
    public @Nullable SQLXML getSQLXML(String parameterName) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable SQLXML result = wrap(callable.getSQLXML(parameterName));
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
    public @Nullable String getNString(int parameterIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable String result = callable.getNString(parameterIndex);
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
    public @Nullable String getNString(String parameterName) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable String result = callable.getNString(parameterName);
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
    public @Nullable Reader getNCharacterStream(int parameterIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Reader result = wrap(callable.getNCharacterStream(parameterIndex));
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
    public @Nullable Reader getNCharacterStream(String parameterName) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Reader result = wrap(callable.getNCharacterStream(parameterName));
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
    public @Nullable Reader getCharacterStream(int parameterIndex) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Reader result = wrap(callable.getCharacterStream(parameterIndex));
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
    public @Nullable Reader getCharacterStream(String parameterName) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable Reader result = wrap(callable.getCharacterStream(parameterName));
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
    public void setBlob(String parameterName, Blob x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setBlob(parameterName, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setClob(String parameterName, Clob x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setClob(parameterName, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setAsciiStream(String parameterName, InputStream x, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setAsciiStream(parameterName, own(x), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBinaryStream(String parameterName, InputStream x, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setBinaryStream(parameterName, own(x), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setCharacterStream(String parameterName, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setCharacterStream(parameterName, own(reader), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setAsciiStream(String parameterName, InputStream x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setAsciiStream(parameterName, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBinaryStream(String parameterName, InputStream x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setBinaryStream(parameterName, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setCharacterStream(String parameterName, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setCharacterStream(parameterName, own(reader));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNCharacterStream(String parameterName, Reader value) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setNCharacterStream(parameterName, own(value));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setClob(String parameterName, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setClob(parameterName, own(reader));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBlob(String parameterName, InputStream inputStream) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setBlob(parameterName, own(inputStream));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNClob(String parameterName, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setNClob(parameterName, own(reader));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public <T> @Nullable T getObject(int parameterIndex, Class<T> type) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable T result = wrapObject(callable.getObject(parameterIndex, type), type);
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
    public <T> @Nullable T getObject(String parameterName, Class<T> type) throws SQLException {
        lease.enter(Call.FETCH);
        try {
            @Nullable T result = wrapObject(callable.getObject(parameterName, type), type);
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
    public void setObject(String parameterName, Object x, SQLType targetSqlType, int scaleOrLength)
            throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setObject(parameterName, own(x), targetSqlType, scaleOrLength);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setObject(String parameterName, Object x, SQLType targetSqlType) throws SQLException {
        lease.enter(Call.HOST);
        try {
            callable.setObject(parameterName, own(x), targetSqlType);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(int parameterIndex, SQLType sqlType) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterIndex, sqlType);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(int parameterIndex, SQLType sqlType, int scale) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterIndex, sqlType, scale);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(int parameterIndex, SQLType sqlType, String typeName) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterIndex, sqlType, typeName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(String parameterName, SQLType sqlType) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterName, sqlType);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(String parameterName, SQLType sqlType, int scale) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterName, sqlType, scale);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void registerOutParameter(String parameterName, SQLType sqlType, String typeName) throws SQLException {
        lease.touch();
        try {
            callable.registerOutParameter(parameterName, sqlType, typeName);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
