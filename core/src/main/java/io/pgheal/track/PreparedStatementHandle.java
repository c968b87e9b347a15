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
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.Ref;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.RowId;
import java.sql.SQLException;
import java.sql.SQLType;
import java.sql.SQLXML;
import java.sql.Time;
import java.sql.Timestamp;
import java.util.Calendar;
import org.jspecify.annotations.Nullable;

/**
 * A prepared statement. Plain parameters stay in memory; what the driver may have to ask the server about, or whose
 * content is the application's own code, is a call.
 */
class PreparedStatementHandle extends StatementHandle implements PreparedStatement {
    private final PreparedStatement prepared;
    private final String sql;

    PreparedStatementHandle(Lease lease, Handle owner, PreparedStatement raw, String sql) {
        super(lease, owner, raw);
        this.prepared = raw;
        this.sql = sql;
    }

    @Override
    String text() {
        return sql;
    }

    @Override
    public @Nullable ResultSet executeQuery() throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            @Nullable ResultSet result = wrap(prepared.executeQuery());
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
    public int executeUpdate() throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            int result = prepared.executeUpdate();
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
    public void setNull(int parameterIndex, int sqlType) throws SQLException {
        lease.touch();
        try {
            prepared.setNull(parameterIndex, sqlType);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBoolean(int parameterIndex, boolean x) throws SQLException {
        lease.touch();
        try {
            prepared.setBoolean(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setByte(int parameterIndex, byte x) throws SQLException {
        lease.touch();
        try {
            prepared.setByte(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setShort(int parameterIndex, short x) throws SQLException {
        lease.touch();
        try {
            prepared.setShort(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setInt(int parameterIndex, int x) throws SQLException {
        lease.touch();
        try {
            prepared.setInt(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setLong(int parameterIndex, long x) throws SQLException {
        lease.touch();
        try {
            prepared.setLong(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setFloat(int parameterIndex, float x) throws SQLException {
        lease.touch();
        try {
            prepared.setFloat(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setDouble(int parameterIndex, double x) throws SQLException {
        lease.touch();
        try {
            prepared.setDouble(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBigDecimal(int parameterIndex, BigDecimal x) throws SQLException {
        lease.touch();
        try {
            prepared.setBigDecimal(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setString(int parameterIndex, String x) throws SQLException {
        lease.touch();
        try {
            prepared.setString(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBytes(int parameterIndex, byte[] x) throws SQLException {
        lease.touch();
        try {
            prepared.setBytes(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setDate(int parameterIndex, Date x) throws SQLException {
        lease.touch();
        try {
            prepared.setDate(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setTime(int parameterIndex, Time x) throws SQLException {
        lease.touch();
        try {
            prepared.setTime(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setTimestamp(int parameterIndex, Timestamp x) throws SQLException {
        lease.touch();
        try {
            prepared.setTimestamp(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setAsciiStream(int parameterIndex, InputStream x, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setAsciiStream(parameterIndex, own(x), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    @Deprecated
    public void setUnicodeStream(int parameterIndex, InputStream x, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setUnicodeStream(parameterIndex, own(x), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBinaryStream(int parameterIndex, InputStream x, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setBinaryStream(parameterIndex, own(x), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void clearParameters() throws SQLException {
        lease.touch();
        try {
            prepared.clearParameters();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setObject(int parameterIndex, Object x, int targetSqlType) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setObject(parameterIndex, own(x), targetSqlType);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setObject(int parameterIndex, Object x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setObject(parameterIndex, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean execute() throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            boolean result = prepared.execute();
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
    public void addBatch() throws SQLException {
        lease.touch();
        try {
            prepared.addBatch();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setCharacterStream(int parameterIndex, Reader reader, int length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setCharacterStream(parameterIndex, own(reader), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setRef(int parameterIndex, Ref x) throws SQLException {
        lease.touch();
        try {
            prepared.setRef(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBlob(int parameterIndex, Blob x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setBlob(parameterIndex, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setClob(int parameterIndex, Clob x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setClob(parameterIndex, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setArray(int parameterIndex, Array x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setArray(parameterIndex, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ResultSetMetaData getMetaData() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ResultSetMetaData result = wrap(prepared.getMetaData());
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
    public void setDate(int parameterIndex, Date x, Calendar cal) throws SQLException {
        lease.touch();
        try {
            prepared.setDate(parameterIndex, x, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setTime(int parameterIndex, Time x, Calendar cal) throws SQLException {
        lease.touch();
        try {
            prepared.setTime(parameterIndex, x, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setTimestamp(int parameterIndex, Timestamp x, Calendar cal) throws SQLException {
        lease.touch();
        try {
            prepared.setTimestamp(parameterIndex, x, cal);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNull(int parameterIndex, int sqlType, String typeName) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            prepared.setNull(parameterIndex, sqlType, typeName);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setURL(int parameterIndex, URL x) throws SQLException {
        lease.touch();
        try {
            prepared.setURL(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable ParameterMetaData getParameterMetaData() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable ParameterMetaData result = wrap(prepared.getParameterMetaData());
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
    public void setRowId(int parameterIndex, RowId x) throws SQLException {
        lease.touch();
        try {
            prepared.setRowId(parameterIndex, x);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNString(int parameterIndex, String value) throws SQLException {
        lease.touch();
        try {
            prepared.setNString(parameterIndex, value);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNCharacterStream(int parameterIndex, Reader value, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setNCharacterStream(parameterIndex, own(value), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNClob(int parameterIndex, NClob value) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setNClob(parameterIndex, own(value));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setClob(int parameterIndex, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setClob(parameterIndex, own(reader), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBlob(int parameterIndex, InputStream inputStream, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setBlob(parameterIndex, own(inputStream), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNClob(int parameterIndex, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setNClob(parameterIndex, own(reader), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setSQLXML(int parameterIndex, SQLXML xmlObject) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setSQLXML(parameterIndex, own(xmlObject));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setObject(int parameterIndex, Object x, int targetSqlType, int scaleOrLength) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setObject(parameterIndex, own(x), targetSqlType, scaleOrLength);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setAsciiStream(int parameterIndex, InputStream x, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setAsciiStream(parameterIndex, own(x), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBinaryStream(int parameterIndex, InputStream x, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setBinaryStream(parameterIndex, own(x), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setCharacterStream(int parameterIndex, Reader reader, long length) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setCharacterStream(parameterIndex, own(reader), length);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setAsciiStream(int parameterIndex, InputStream x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setAsciiStream(parameterIndex, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBinaryStream(int parameterIndex, InputStream x) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setBinaryStream(parameterIndex, own(x));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setCharacterStream(int parameterIndex, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setCharacterStream(parameterIndex, own(reader));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNCharacterStream(int parameterIndex, Reader value) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setNCharacterStream(parameterIndex, own(value));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setClob(int parameterIndex, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setClob(parameterIndex, own(reader));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setBlob(int parameterIndex, InputStream inputStream) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setBlob(parameterIndex, own(inputStream));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNClob(int parameterIndex, Reader reader) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setNClob(parameterIndex, own(reader));
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setObject(int parameterIndex, Object x, SQLType targetSqlType, int scaleOrLength) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setObject(parameterIndex, own(x), targetSqlType, scaleOrLength);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setObject(int parameterIndex, Object x, SQLType targetSqlType) throws SQLException {
        lease.enter(Call.HOST);
        try {
            prepared.setObject(parameterIndex, own(x), targetSqlType);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public long executeLargeUpdate() throws SQLException {
        lease.enter(Call.EXECUTE, sql);
        try {
            long result = prepared.executeLargeUpdate();
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
