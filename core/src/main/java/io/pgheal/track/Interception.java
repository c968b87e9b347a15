package io.pgheal.track;

import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.ConnectionInfo;
import net.ttddyy.dsproxy.DataSourceProxyException;
import net.ttddyy.dsproxy.proxy.JdbcProxyFactory;
import net.ttddyy.dsproxy.proxy.ProxyConfig;
import net.ttddyy.dsproxy.transform.ParameterTransformer;
import net.ttddyy.dsproxy.transform.QueryTransformer;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;

/**
 * Where datasource-proxy passes on the connection that the pool lent. The application gets a {@link ConnectionHandle}.
 * Only where a listener is registered, datasource-proxy's own proxies wrap that handle.
 */
final class Interception implements JdbcProxyFactory {
    private final LeaseRegistry registry;
    private final CheckoutSource checkouts;
    /** Not the driver's. To ask each time whether an object has an interface takes long where the answer is no. */
    private @Nullable Class<? extends Connection> wrapper;

    private final AtomicBoolean leftAloneLogged = new AtomicBoolean();

    Interception(LeaseRegistry registry, CheckoutSource checkouts) {
        this.registry = registry;
        this.checkouts = checkouts;
    }

    @Override
    public Connection createConnection(Connection lent, ConnectionInfo info, ProxyConfig config) {
        Connection tracked;
        try {
            tracked = track(lent, checkouts.current());
        } catch (SQLException | RuntimeException cut) {
            throw new DataSourceProxyException("a new connection was cut", cut);
        }
        return listened(config) ? DEFAULT.createConnection(tracked, info, config) : tracked;
    }

    /** Whether a listener or transformer would see what datasource-proxy's own proxies show. */
    static boolean listened(ProxyConfig config) {
        return !config.getQueryListener().getListeners().isEmpty()
                || !config.getMethodListener().getListeners().isEmpty()
                || config.getQueryTransformer() != QueryTransformer.DEFAULT
                || config.getParameterTransformer() != ParameterTransformer.DEFAULT
                || config.isResultSetProxyEnabled()
                || config.isGeneratedKeysProxyEnabled()
                || config.isAutoRetrieveGeneratedKeys();
    }

    /**
     * Begins a lease, if the connection is PostgreSQL's. A failure of the tracker does not reach the application,
     * unless the connection was cut: then the connection cannot be lent, tracked or not.
     *
     * @param checkout receives the handle; null without datasource-proxy
     */
    Connection track(Connection lent, @Nullable Checkout checkout) throws SQLException {
        try {
            BaseConnection driver = driverOf(lent);
            if (driver == null) {
                leftAlone("is not PostgreSQL's", lent);
                return lent;
            }
            Lease below = DriverHandle.leaseOf(driver);
            if (below != null && !(below.lent() instanceof BaseConnection)) {
                leftAlone("is guarded by another data source of pgheal already", lent);
                return lent;
            }
            if (below != null) {
                // A pool has it from there, where nothing is pooled, and keeps it: whoever borrows it here is its
                // owner.
                below.leaveToOthers();
            }
            ConnectionHandle handle = registry.lend(lent, driver);
            if (checkout != null) {
                checkout.handle = handle;
            }
            return handle; // no call after lend(): an overflow in it would lose the handle
        } catch (SQLException | RuntimeException e) {
            if (CutCall.isCutBy(e)) {
                throw e;
            }
            registry.log().warn("tracking a connection", e);
            return lent;
        }
    }

    private void leftAlone(String why, Connection lent) {
        if (leftAloneLogged.compareAndSet(false, true)) {
            registry.log()
                    .info("a connection " + why + ", and is left alone: "
                            + lent.getClass().getName());
        }
    }

    private @Nullable BaseConnection driverOf(Connection lent) throws SQLException {
        Class<? extends Connection> type = lent.getClass();
        if (type != wrapper) {
            if (lent instanceof BaseConnection driver) {
                return driver;
            }
            wrapper = type;
        }
        try {
            return lent.isWrapperFor(BaseConnection.class) ? lent.unwrap(BaseConnection.class) : null;
        } catch (AbstractMethodError older) { // than the JDBC of today: the pool lends it all the same
            return null;
        }
    }

    // ---- only datasource-proxy's own proxies call these

    @Override
    public DataSource createDataSource(DataSource dataSource, ProxyConfig config) {
        return DEFAULT.createDataSource(dataSource, config);
    }

    @Override
    public Statement createStatement(
            Statement statement, ConnectionInfo info, Connection connection, ProxyConfig config) {
        return DEFAULT.createStatement(statement, info, connection, config);
    }

    @Override
    public PreparedStatement createPreparedStatement(
            PreparedStatement statement,
            String query,
            ConnectionInfo info,
            Connection connection,
            ProxyConfig config,
            boolean generateKey) {
        return DEFAULT.createPreparedStatement(statement, query, info, connection, config, generateKey);
    }

    @Override
    public CallableStatement createCallableStatement(
            CallableStatement statement, String query, ConnectionInfo info, Connection connection, ProxyConfig config) {
        return DEFAULT.createCallableStatement(statement, query, info, connection, config);
    }

    @Override
    public ResultSet createResultSet(ResultSet resultSet, ConnectionInfo info, ProxyConfig config) {
        return DEFAULT.createResultSet(resultSet, info, config);
    }

    @Override
    public ResultSet createGeneratedKeys(ResultSet resultSet, ConnectionInfo info, ProxyConfig config) {
        return DEFAULT.createGeneratedKeys(resultSet, info, config);
    }
}
