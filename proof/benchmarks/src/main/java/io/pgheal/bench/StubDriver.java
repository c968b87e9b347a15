package io.pgheal.bench;

import static net.bytebuddy.matcher.ElementMatchers.isAbstract;

import java.io.PrintWriter;
import java.lang.invoke.MethodHandles;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Executor;
import java.util.logging.Logger;
import javax.sql.DataSource;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.dynamic.loading.ClassLoadingStrategy;
import net.bytebuddy.implementation.StubMethod;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * Connections that answer at once and allocate nothing, so that what lies above them shows. What the hot path calls is
 * written out below; Byte Buddy adds the rest of each interface once, as plain classes that answer with defaults. A
 * connection is one {@link BaseConnection} with one statement and one result set, handed out again and again.
 */
public final class StubDriver implements DataSource {
    private static final Class<? extends ConnectionStub> CONNECTION = complete(ConnectionStub.class);
    private static final Class<? extends PreparedStub> PREPARED = complete(PreparedStub.class);
    private static final Class<? extends ResultSetStub> RESULT_SET = complete(ResultSetStub.class);

    private static <T> Class<? extends T> complete(Class<T> type) {
        return new ByteBuddy()
                .subclass(type)
                .method(isAbstract())
                .intercept(StubMethod.INSTANCE)
                .make()
                .load(type.getClassLoader(), ClassLoadingStrategy.UsingLookup.of(MethodHandles.lookup()))
                .getLoaded();
    }

    private static <T> T make(Class<? extends T> type) {
        try {
            return type.getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One connection. */
    public static BaseConnection connect() {
        ConnectionStub connection = make(CONNECTION);
        PreparedStub prepared = make(PREPARED);
        ResultSetStub rows = make(RESULT_SET);
        connection.prepared = prepared;
        prepared.connection = connection;
        prepared.rows = rows;
        rows.prepared = prepared;
        return connection;
    }

    @Override
    public Connection getConnection() {
        return connect();
    }

    @Override
    public Connection getConnection(String user, String password) {
        return connect();
    }

    /** Keeps the modes that those above it ask for. */
    public abstract static class ConnectionStub implements BaseConnection {
        @Nullable
        PreparedStub prepared;

        private boolean autoCommit = true;
        private boolean closed;
        private TransactionState transaction = TransactionState.IDLE;

        void executed() {
            if (!autoCommit) {
                transaction = TransactionState.OPEN;
            }
        }

        @Override
        public TransactionState getTransactionState() {
            return transaction;
        }

        @Override
        public void setAutoCommit(boolean value) {
            autoCommit = value;
            transaction = TransactionState.IDLE;
        }

        @Override
        public boolean getAutoCommit() {
            return autoCommit;
        }

        @Override
        public @Nullable PreparedStatement prepareStatement(String sql) {
            return prepared;
        }

        /** pgheal then knows that this connection cannot be asked who serves it. */
        @Override
        public Statement createStatement() throws SQLException {
            throw new SQLException("a stub makes no plain statements");
        }

        @Override
        public void commit() {
            transaction = TransactionState.IDLE;
        }

        @Override
        public void rollback() {
            transaction = TransactionState.IDLE;
        }

        @Override
        public boolean isValid(int timeout) {
            return true;
        }

        @Override
        public boolean isClosed() {
            return closed;
        }

        @Override
        public void close() {
            closed = true;
        }

        @Override
        public void abort(Executor executor) {
            closed = true;
        }

        @Override
        public <T> T unwrap(Class<T> type) {
            return type.cast(this);
        }

        @Override
        public boolean isWrapperFor(Class<?> type) {
            return type.isInstance(this);
        }
    }

    /** Any statement. */
    public abstract static class PreparedStub implements PreparedStatement {
        @Nullable
        ConnectionStub connection;

        @Nullable
        ResultSetStub rows;

        @Override
        public void setString(int index, @Nullable String value) {}

        @Override
        public @Nullable ResultSet executeQuery() {
            if (connection != null && rows != null) {
                connection.executed();
                rows.left = 1;
            }
            return rows;
        }

        @Override
        public int executeUpdate() {
            if (connection != null) {
                connection.executed();
            }
            return 1;
        }

        @Override
        public void close() {}
    }

    /** One row. */
    public abstract static class ResultSetStub implements ResultSet {
        @Nullable
        PreparedStub prepared;

        int left;

        @Override
        public boolean next() {
            return left-- > 0;
        }

        @Override
        public int getInt(int column) {
            return column;
        }

        @Override
        public @Nullable Statement getStatement() {
            return prepared;
        }

        @Override
        public void close() {}
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(PrintWriter out) {}

    @Override
    public void setLoginTimeout(int seconds) {}

    @Override
    public int getLoginTimeout() {
        return 0;
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getLogger("stub");
    }

    @Override
    public <T> T unwrap(Class<T> type) {
        return type.cast(this);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return type.isInstance(this);
    }
}
