package io.pgheal.track;

import io.pgheal.Internal;
import java.lang.ref.Reference;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Consumer;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.DataSourceProxyException;
import net.ttddyy.dsproxy.proxy.DefaultConnectionIdManager;
import net.ttddyy.dsproxy.proxy.ProxyConfig;
import net.ttddyy.dsproxy.support.ProxyDataSource;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Borrows tracked connections. Where listeners are registered, datasource-proxy wraps the pool, with this project's
 * {@link Interception}; otherwise the connection comes straight from the pool, because datasource-proxy's wrapping
 * costs as much as all the rest. If anything fails after the pool has lent a connection, the pool gets the connection
 * back. Thread-safe.
 */
@Internal
public final class InterceptedDataSource {
    private final LeaseRegistry registry;
    private final @Nullable Waiting waiting;
    private final DataSource pool;
    private final Interception interception;
    private final CheckoutSource checkouts;
    private final ProxyDataSource proxy;
    private final boolean listened;

    /**
     * Wraps this pool.
     *
     * @param waiting counts the waiting callers, unless the pool counts them itself
     * @param listeners registers the user's own listeners and transformers with datasource-proxy
     */
    public InterceptedDataSource(
            String name,
            DataSource pool,
            LeaseRegistry registry,
            Waiting waiting,
            Consumer<ProxyDataSourceBuilder> listeners) {
        this.registry = registry;
        this.waiting = registry.pool().needsWaiting() ? waiting : null;
        this.pool = pool;
        this.checkouts = new CheckoutSource(pool);
        this.interception = new Interception(registry, checkouts);
        ProxyDataSourceBuilder builder = ProxyDataSourceBuilder.create(name, checkouts);
        listeners.accept(builder);
        this.proxy = builder.build();
        ProxyConfig asked = proxy.getProxyConfig();
        boolean ownIds = !(asked.getConnectionIdManager() instanceof DefaultConnectionIdManager);
        this.listened = ownIds || Interception.listened(asked);
        ProxyConfig.Builder config = ProxyConfig.Builder.from(asked).jdbcProxyFactory(interception);
        if (!ownIds) {
            config.connectionIdManager(new ConnectionIds());
        }
        if (!Interception.listened(asked)) {
            config.retrieveIsolationLevel(false); // would cost a round trip that nobody needs
        }
        proxy.setProxyConfig(config.build());
    }

    public Connection getConnection() throws SQLException {
        return checkOut(false, null, null);
    }

    public Connection getConnection(@Nullable String user, @Nullable String password) throws SQLException {
        return checkOut(true, user, password);
    }

    /**
     * The pool's own connection below a handle, for a method of the pool that takes one, such as HikariCP's
     * {@code evictConnection}; any other connection as it is. Does not count as unwrapping.
     */
    public static Connection lent(Connection connection) {
        try {
            return HealingLease.of(connection) instanceof ConnectionHandle handle ? handle.lease.lent() : connection;
        } finally {
            Reference.reachabilityFence(connection);
        }
    }

    private Connection checkOut(boolean named, @Nullable String user, @Nullable String password) throws SQLException {
        registry.ensureStack();
        if (waiting == null) {
            return borrow(named, user, password);
        }
        waiting.came();
        try {
            return borrow(named, user, password);
        } finally {
            waiting.left();
        }
    }

    private Connection borrow(boolean named, @Nullable String user, @Nullable String password) throws SQLException {
        return listened ? throughListeners(named, user, password) : straight(named, user, password);
    }

    private Connection straight(boolean named, @Nullable String user, @Nullable String password) throws SQLException {
        Connection lent = named ? pool.getConnection(user, password) : pool.getConnection();
        try {
            return interception.track(lent, null); // must stay the last step: a later failure would lose the lease
        } catch (Throwable t) {
            Checkout.undo(lent, t);
            throw t;
        }
    }

    private Connection throughListeners(boolean named, @Nullable String user, @Nullable String password)
            throws SQLException {
        Checkout checkout = new Checkout();
        Checkout outer = checkouts.begin(checkout);
        try {
            return named ? proxy.getConnection(user, password) : proxy.getConnection();
        } catch (DataSourceProxyException wrapped) {
            Throwable cause = wrapped.getCause() == null ? wrapped : wrapped.getCause();
            checkout.undo(cause);
            throw InterceptedDataSource.<RuntimeException>asItWas(cause);
        } catch (Throwable t) {
            checkout.undo(t);
            throw t;
        } finally {
            checkouts.end(outer);
        }
    }

    /** Throws the exception of the pool or of a listener unchanged, whatever its type: as without datasource-proxy. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> E asItWas(Throwable cause) throws E {
        throw (E) cause;
    }
}
