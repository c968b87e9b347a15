package io.pgheal.track;

import java.lang.ref.Reference;
import java.sql.Array;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.NClob;
import java.sql.PreparedStatement;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.SQLXML;
import java.sql.Savepoint;
import java.sql.ShardingKey;
import java.sql.Statement;
import java.sql.Struct;
import java.sql.Wrapper;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;

/**
 * The connection as the application holds it. Every call that may talk to the server, or changes the session, is one
 * {@link Lease} call; a call that stays in memory is a touch. If this object is collected without a {@code close()},
 * the connection is abandoned. So nothing here or below may refer to the handle except what the application holds.
 */
final class ConnectionHandle extends WrapperHandle implements Connection, HealingLease {
    private volatile @Nullable BaseConnection driver;

    ConnectionHandle(Lease lease) {
        super(lease, null);
    }

    private Connection raw() {
        return lease.lent();
    }

    /**
     * An interface of the driver gets a {@link DriverHandle}; for a class of the driver the driver's own object is
     * returned.
     */
    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        try {
            if (type.isInstance(this) || !type.isAssignableFrom(BaseConnection.class)) {
                return super.unwrap(type);
            }
            lease.touch(); // a caller is a sign of life
            BaseConnection handle = driver;
            if (handle == null) {
                handle = DriverHandle.of(lease, this);
                driver = handle;
            }
            return type.cast(handle);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    Wrapper below() {
        return raw();
    }

    @Override
    public Statement createStatement() throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            Statement result = new StatementHandle(lease, this, raw().createStatement());
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
    public PreparedStatement prepareStatement(String sql) throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            PreparedStatement result = new PreparedStatementHandle(lease, this, raw().prepareStatement(sql), sql);
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
    public CallableStatement prepareCall(String sql) throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            CallableStatement result = new CallableStatementHandle(lease, this, raw().prepareCall(sql), sql);
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
    public String nativeSQL(String sql) throws SQLException {
        lease.touch();
        try {
            return raw().nativeSQL(sql);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setAutoCommit(boolean autoCommit) throws SQLException {
        if (!lease.enterAutoCommit(autoCommit)) {
            return;
        }
        try {
            raw().setAutoCommit(autoCommit);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean getAutoCommit() throws SQLException {
        if (lease.isCut()) {
            return lease.autoCommitWhenCut(); // clean-up code reads it to decide whether to roll back
        }
        lease.touch();
        try {
            return raw().getAutoCommit();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void commit() throws SQLException {
        lease.enter(Call.COMMIT);
        try {
            raw().commit();
            lease.transactionEnded();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void rollback() throws SQLException {
        if (!lease.enterRollback()) {
            return;
        }
        try {
            raw().rollback();
            lease.transactionEnded();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Idempotent; does nothing on a lease that is over. */
    @Override
    public void close() throws SQLException {
        try {
            lease.close();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * A cut connection stays open until the application closes it, so that the application's clean-up runs as usual.
     */
    @Override
    public boolean isClosed() throws SQLException {
        try {
            return lease.isClosed() || (!lease.isCut() && raw().isClosed());
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public DatabaseMetaData getMetaData() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            DatabaseMetaData result = new DatabaseMetaDataHandle(lease, this, raw().getMetaData());
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
    public void setReadOnly(boolean readOnly) throws SQLException {
        if (!lease.enterReset()) {
            return;
        }
        try {
            raw().setReadOnly(readOnly);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isReadOnly() throws SQLException {
        lease.touch();
        try {
            return raw().isReadOnly();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setCatalog(String catalog) throws SQLException {
        if (!lease.enterReset()) {
            return;
        }
        try {
            raw().setCatalog(catalog);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable String getCatalog() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable String result = raw().getCatalog();
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
    public void setTransactionIsolation(int level) throws SQLException {
        if (!lease.enterReset()) {
            return;
        }
        try {
            raw().setTransactionIsolation(level);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getTransactionIsolation() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            int result = raw().getTransactionIsolation();
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
            return null; // must not fail in clean-up code
        }
        lease.touch();
        try {
            return raw().getWarnings();
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
            raw().clearWarnings();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public Statement createStatement(int resultSetType, int resultSetConcurrency) throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            Statement result =
                    new StatementHandle(lease, this, raw().createStatement(resultSetType, resultSetConcurrency));
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
    public PreparedStatement prepareStatement(String sql, int resultSetType, int resultSetConcurrency)
            throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            PreparedStatement result = new PreparedStatementHandle(
                    lease, this, raw().prepareStatement(sql, resultSetType, resultSetConcurrency), sql);
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
    public CallableStatement prepareCall(String sql, int resultSetType, int resultSetConcurrency) throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            CallableStatement result = new CallableStatementHandle(
                    lease, this, raw().prepareCall(sql, resultSetType, resultSetConcurrency), sql);
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
    public Map<String, Class<?>> getTypeMap() throws SQLException {
        lease.touch();
        try {
            return raw().getTypeMap();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setTypeMap(Map<String, Class<?>> map) throws SQLException {
        lease.touch();
        try {
            raw().setTypeMap(map);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setHoldability(int holdability) throws SQLException {
        if (!lease.enterReset()) {
            return;
        }
        try {
            raw().setHoldability(holdability);
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
            return raw().getHoldability();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public Savepoint setSavepoint() throws SQLException {
        lease.enter(Call.EXECUTE);
        try {
            Savepoint result = raw().setSavepoint();
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
    public Savepoint setSavepoint(String name) throws SQLException {
        lease.enter(Call.EXECUTE);
        try {
            Savepoint result = raw().setSavepoint(name);
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
    public void rollback(Savepoint savepoint) throws SQLException {
        lease.enter(Call.ROLLBACK);
        try {
            raw().rollback(savepoint);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void releaseSavepoint(Savepoint savepoint) throws SQLException {
        lease.enter(Call.EXECUTE);
        try {
            raw().releaseSavepoint(savepoint);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public Statement createStatement(int resultSetType, int resultSetConcurrency, int resultSetHoldability)
            throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            Statement result = new StatementHandle(
                    lease, this, raw().createStatement(resultSetType, resultSetConcurrency, resultSetHoldability));
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
    public PreparedStatement prepareStatement(
            String sql, int resultSetType, int resultSetConcurrency, int resultSetHoldability) throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            PreparedStatement result = new PreparedStatementHandle(
                    lease,
                    this,
                    raw().prepareStatement(sql, resultSetType, resultSetConcurrency, resultSetHoldability),
                    sql);
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
    public CallableStatement prepareCall(
            String sql, int resultSetType, int resultSetConcurrency, int resultSetHoldability) throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            CallableStatement result = new CallableStatementHandle(
                    lease,
                    this,
                    raw().prepareCall(sql, resultSetType, resultSetConcurrency, resultSetHoldability),
                    sql);
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
    public PreparedStatement prepareStatement(String sql, int autoGeneratedKeys) throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            PreparedStatement result =
                    new PreparedStatementHandle(lease, this, raw().prepareStatement(sql, autoGeneratedKeys), sql);
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
    public PreparedStatement prepareStatement(String sql, int[] columnIndexes) throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            PreparedStatement result =
                    new PreparedStatementHandle(lease, this, raw().prepareStatement(sql, columnIndexes), sql);
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
    public PreparedStatement prepareStatement(String sql, String[] columnNames) throws SQLException {
        lease.enter(Call.STATEMENT);
        try {
            PreparedStatement result =
                    new PreparedStatementHandle(lease, this, raw().prepareStatement(sql, columnNames), sql);
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
    public @Nullable Clob createClob() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable Clob result = wrap(raw().createClob());
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
    public @Nullable Blob createBlob() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable Blob result = wrap(raw().createBlob());
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
    public @Nullable NClob createNClob() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable NClob result = wrap(raw().createNClob());
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
    public SQLXML createSQLXML() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            SQLXML result = raw().createSQLXML(); // a value in memory, which leads nowhere
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
    public boolean isValid(int timeout) throws SQLException {
        if (!lease.tryEnter(Call.PREPARE)) {
            return false;
        }
        try {
            boolean result = raw().isValid(timeout);
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
    public void setClientInfo(String name, String value) throws SQLClientInfoException {
        try {
            lease.enter(Call.PREPARE);
        } catch (SQLException refused) {
            throw new SQLClientInfoException(
                    refused.getMessage(), refused.getSQLState(), refused.getErrorCode(), Map.of(), refused);
        }
        try {
            raw().setClientInfo(name, value);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setClientInfo(Properties properties) throws SQLClientInfoException {
        try {
            lease.enter(Call.PREPARE);
        } catch (SQLException refused) {
            throw new SQLClientInfoException(
                    refused.getMessage(), refused.getSQLState(), refused.getErrorCode(), Map.of(), refused);
        }
        try {
            raw().setClientInfo(properties);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable String getClientInfo(String name) throws SQLException {
        lease.touch();
        try {
            return raw().getClientInfo(name);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public Properties getClientInfo() throws SQLException {
        lease.touch();
        try {
            return raw().getClientInfo();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable Array createArrayOf(String typeName, Object[] elements) throws SQLException {
        lease.enter(Call.HOST);
        try {
            @Nullable Array result = wrap(raw().createArrayOf(typeName, elements));
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
    public Struct createStruct(String typeName, Object[] attributes) throws SQLException {
        lease.enter(Call.HOST);
        try {
            Struct result = raw().createStruct(typeName, attributes);
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
    public void setSchema(String schema) throws SQLException {
        if (!lease.enterReset()) {
            return;
        }
        try {
            raw().setSchema(schema);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public @Nullable String getSchema() throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            @Nullable String result = raw().getSchema();
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
    public void abort(Executor executor) throws SQLException {
        try {
            lease.abort(executor);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setNetworkTimeout(Executor executor, int milliseconds) throws SQLException {
        if (!lease.enterReset()) {
            return;
        }
        try {
            raw().setNetworkTimeout(executor, milliseconds);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public int getNetworkTimeout() throws SQLException {
        lease.touch();
        try {
            return raw().getNetworkTimeout();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void beginRequest() throws SQLException {
        if (!lease.enterReset()) {
            return;
        }
        try {
            raw().beginRequest();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void endRequest() throws SQLException {
        if (!lease.enterReset()) {
            return;
        }
        try {
            raw().endRequest();
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean setShardingKeyIfValid(ShardingKey shardingKey, ShardingKey superShardingKey, int timeout)
            throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw().setShardingKeyIfValid(shardingKey, superShardingKey, timeout);
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
    public boolean setShardingKeyIfValid(ShardingKey shardingKey, int timeout) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            boolean result = raw().setShardingKeyIfValid(shardingKey, timeout);
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
    public void setShardingKey(ShardingKey shardingKey, ShardingKey superShardingKey) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            raw().setShardingKey(shardingKey, superShardingKey);
            lease.exit();
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public void setShardingKey(ShardingKey shardingKey) throws SQLException {
        lease.enter(Call.PREPARE);
        try {
            raw().setShardingKey(shardingKey);
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
            return raw().toString();
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** For {@code unwrap(HealingLease.class)}, like the next two methods. */
    @Override
    public void extend(Duration time) {
        try {
            lease.extend(time);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isOver() {
        try {
            return lease.isOver() || lease.isCut();
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public boolean isLeftBehind() {
        try {
            return lease.isLeftBehind();
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
