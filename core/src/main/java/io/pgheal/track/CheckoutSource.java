package io.pgheal.track;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The pool as datasource-proxy sees it. Remembers which connection was lent to the calling thread, because
 * datasource-proxy loses the connection when a later step throws.
 */
final class CheckoutSource implements DataSource {
    private final DataSource pool;

    @SuppressWarnings("ThreadLocalUsage") // one for each data source, set only during a checkout
    private final ThreadLocal<@Nullable Checkout> underWay = new ThreadLocal<>();

    CheckoutSource(DataSource pool) {
        this.pool = pool;
    }

    /**
     * Begins a checkout on this thread. Returns the checkout that it interrupts, if a listener itself borrows a
     * connection.
     */
    @Nullable
    Checkout begin(Checkout checkout) {
        Checkout outer = underWay.get();
        underWay.set(checkout);
        return outer;
    }

    void end(@Nullable Checkout outer) {
        if (outer == null) {
            underWay.remove();
        } else {
            underWay.set(outer);
        }
    }

    @Nullable
    Checkout current() {
        return underWay.get();
    }

    @Override
    public Connection getConnection() throws SQLException {
        Checkout checkout = underWay.get(); // first: after the pool has lent, nothing here may overflow
        Connection lent = pool.getConnection();
        if (checkout != null) {
            checkout.lent = lent;
        }
        return lent;
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        Checkout checkout = underWay.get();
        Connection lent = pool.getConnection(user, password);
        if (checkout != null) {
            checkout.lent = lent;
        }
        return lent;
    }

    @Override
    public PrintWriter getLogWriter() throws SQLException {
        return pool.getLogWriter();
    }

    @Override
    public void setLogWriter(PrintWriter out) throws SQLException {
        pool.setLogWriter(out);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        pool.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return pool.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return pool.getParentLogger();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return type.isInstance(pool) ? type.cast(pool) : pool.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(pool) || pool.isWrapperFor(type);
    }
}
