package io.pgheal.track;

import java.lang.ref.Reference;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOperation;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.Encoding;
import org.postgresql.core.ParameterList;
import org.postgresql.core.Query;
import org.postgresql.core.QueryExecutor;
import org.postgresql.fastpath.Fastpath;
import org.postgresql.largeobject.LargeObjectManager;

/**
 * Returned by {@code unwrap(PGConnection.class)}: the driver's connection, with its COPY, large objects, fast path and
 * notifications inside the lease. The driver's own {@link CopyManager} and {@link LargeObjectManager} work on top of
 * this proxy, because they use only the interfaces of a connection.
 *
 * <p>The proxy keeps the connection's handle reachable: who holds the proxy holds the connection. A returned driver
 * object that leads to the connection (a statement, the replication, the types), or a query that the driver runs
 * internally, makes the lease count as unwrapped.
 *
 * <p>A dynamic proxy, because these interfaces grow with the driver. COPY and large objects do not use reflection: its
 * first use in a JVM takes more stack than may be left.
 */
final class DriverHandle implements InvocationHandler {
    /** Transactions and closing go through the connection handle. */
    private static final Set<String> OF_THE_CONNECTION = Set.of(
            "setAutoCommit",
            "commit",
            "rollback",
            "close",
            "abort",
            "isClosed",
            "setReadOnly",
            "setTransactionIsolation",
            "setSavepoint",
            "releaseSavepoint",
            "isValid");

    /** These only read the driver's memory, or must work while another thread's call is in progress. */
    private static final Set<String> IN_MEMORY = Set.of(
            "cancelQuery",
            "escapeIdentifier",
            "escapeLiteral",
            "escapeString",
            "encodeString",
            "haveMinimumServerVersion",
            "addTimerTask",
            "purgeTimerTasks",
            "hintReadOnly",
            "binaryTransferSend",
            "nativeSQL",
            "sendQueryCancel");

    /** May also run beside a call, but by then the backend may serve another borrower. */
    private static final Set<String> CANCELLING = Set.of("cancelQuery", "sendQueryCancel");

    private static final Set<String> EXECUTING = Set.of("execute", "fetch", "fastpathCall", "processNotifies");

    /** Methods of the query executor that run a query which was parsed elsewhere; the query may be a COMMIT. */
    private static final Set<String> UNREAD = Set.of("execute", "fetch");

    static {
        proxy(BaseConnection.class, (proxy, method, arguments) -> null); // makes the class while there is stack
        proxy(QueryExecutor.class, (proxy, method, arguments) -> null);
    }

    private final Lease lease;
    private final ConnectionHandle owner;
    private final BaseConnection raw;
    private final QueryExecutor executor;
    /**
     * The proxy that the driver's own managers work on. It differs in one point: it does not note their statements,
     * because the managers close these before anybody else sees them. Null in the managers' proxy itself.
     */
    private final @Nullable BaseConnection managers;

    private @Nullable Fastpath fastpath;
    private @Nullable LargeObjectManager largeObjects;

    private DriverHandle(Lease lease, ConnectionHandle owner, @Nullable BaseConnection managers) {
        this.lease = lease;
        this.owner = owner;
        this.raw = lease.driver();
        this.executor = proxy(QueryExecutor.class, this::execute);
        this.managers = managers;
    }

    static BaseConnection of(Lease lease, ConnectionHandle owner) {
        BaseConnection managers = proxy(BaseConnection.class, new DriverHandle(lease, owner, null));
        return proxy(BaseConnection.class, new DriverHandle(lease, owner, managers));
    }

    static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        String name = method.getName();
        try {
            switch (name) {
                case "equals" -> {
                    return is(arguments, proxy);
                }
                case "hashCode" -> {
                    return raw.hashCode();
                }
                case "toString" -> {
                    return raw.toString();
                }
                case "unwrap", "isWrapperFor" -> {
                    return below(name, proxy, arguments);
                }
                case "getQueryExecutor" -> {
                    return executor;
                }
                case "getEncoding" -> {
                    return raw.getEncoding();
                }
                case "getTransactionState" -> {
                    return raw.getTransactionState();
                }
                case "getAutoCommit" -> {
                    return owner.getAutoCommit();
                }
                case "getCopyAPI" -> {
                    lease.check();
                    return new CopyManager(managers == null ? (BaseConnection) proxy : managers);
                }
                case "getFastpathAPI" -> {
                    lease.check();
                    return managers == null ? fastpath((BaseConnection) proxy) : managers.getFastpathAPI();
                }
                case "getLargeObjectAPI" -> {
                    return managers == null ? largeObjects((BaseConnection) proxy) : managers.getLargeObjectAPI();
                }
                default -> {}
            }
            if (method.getDeclaringClass() == Connection.class && OF_THE_CONNECTION.contains(name)) {
                return call(owner, method, arguments);
            }
            if (IN_MEMORY.contains(name) || !throwsSql(method)) {
                return beside(raw, method, arguments);
            }
            return inside(kind(name), sql(name, arguments), raw, method, arguments);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** The driver's second way to the server: COPY and the fast path use it. */
    private @Nullable Object execute(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        QueryExecutor below = raw.getQueryExecutor();
        try {
            switch (method.getName()) {
                case "equals" -> {
                    return arguments != null && arguments[0] == proxy;
                }
                case "hashCode" -> {
                    return below.hashCode();
                }
                case "startCopy" -> {
                    return startCopy(below, method, arguments);
                }
                default -> {}
            }
            if (!EXECUTING.contains(method.getName())) {
                return beside(below, method, arguments);
            }
            if (UNREAD.contains(method.getName()) && managers != null) {
                lease.unwrapped();
            }
            return inside(Call.EXECUTE, null, below, method, arguments);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private @Nullable Object startCopy(QueryExecutor below, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        if (arguments == null
                || arguments.length != 2
                || !(arguments[0] instanceof String sql)
                || !(arguments[1] instanceof Boolean suppressBegin)) {
            return inside(Call.EXECUTE, null, below, method, arguments);
        }
        lease.enter(Call.EXECUTE, sql);
        try {
            CopyOperation started = below.startCopy(sql, suppressBegin);
            CopyOperation result = CopyHandle.of(lease, owner, started);
            lease.exit();
            return result;
        } catch (Throwable t) {
            CopyHandle.failed(lease, t);
            throw t;
        }
    }

    @SuppressWarnings("deprecation")
    private Fastpath fastpath(BaseConnection proxy) {
        Fastpath made = fastpath;
        if (made == null) {
            made = new Fastpath(proxy);
            fastpath = made;
        }
        return made;
    }

    /** Made once for each lease, because it asks the server for its functions. */
    private LargeObjectManager largeObjects(BaseConnection proxy) throws SQLException {
        LargeObjectManager made = largeObjects;
        if (made != null) {
            lease.check();
            return made;
        }
        lease.enter(Call.HOST);
        try {
            made = new LargeObjectManager(proxy);
            largeObjects = made;
            lease.exit();
            return made;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        }
    }

    /** The lease behind whose fence the connection, which was unwrapped, is already; null if it is behind none. */
    static @Nullable Lease leaseOf(BaseConnection connection) {
        return Proxy.isProxyClass(connection.getClass())
                        && Proxy.getInvocationHandler(connection) instanceof DriverHandle handle
                ? handle.lease
                : null;
    }

    private boolean is(@Nullable Object @Nullable [] arguments, Object proxy) {
        Object other = arguments == null ? null : arguments[0];
        return other == proxy
                || other == raw
                || (other instanceof BaseConnection
                        && Proxy.isProxyClass(other.getClass())
                        && Proxy.getInvocationHandler(other) instanceof DriverHandle handle
                        && handle.raw == raw);
    }

    private @Nullable Object below(String name, Object proxy, @Nullable Object @Nullable [] arguments)
            throws SQLException {
        Class<?> type = arguments == null ? null : (Class<?>) arguments[0];
        if (type == null) {
            throw new SQLException("no type to unwrap to");
        }
        if (type.isInstance(proxy)) {
            return name.equals("isWrapperFor") ? true : proxy;
        }
        if (name.equals("isWrapperFor")) {
            return raw.isWrapperFor(type);
        }
        lease.enter(Call.PREPARE); // counted, so that an earlier judgement fails at the fence
        try {
            Object found = raw.unwrap(type);
            lease.unwrapped();
            lease.exit();
            return found;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        }
    }

    private static Call kind(String name) {
        return switch (name) {
            case "createArrayOf" -> Call.HOST;
            case "execSQLQuery", "execSQLUpdate", "alterUserPassword" -> Call.EXECUTE;
            default -> Call.PREPARE;
        };
    }

    /** The text of the statement that runs, where the method receives a text. */
    private static @Nullable String sql(String name, @Nullable Object @Nullable [] arguments) {
        return name.startsWith("execSQL") && arguments != null && arguments[0] instanceof String sql ? sql : null;
    }

    private @Nullable Object inside(
            Call kind, @Nullable String sql, Object target, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        if (kind == Call.EXECUTE) {
            lease.enter(kind, sql);
        } else {
            lease.enter(kind);
        }
        try {
            Object result = noted(call(target, method, arguments));
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        }
    }

    private @Nullable Object beside(Object target, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        if (CANCELLING.contains(method.getName())) {
            lease.check();
        }
        try {
            return noted(call(target, method, arguments));
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        }
    }

    /** Notes an unwrapped object before the application gets it. An array is the same value as any other. */
    private @Nullable Object noted(@Nullable Object result) throws SQLException {
        if (result instanceof Array array) {
            return owner.wrap(array);
        }
        if (managers != null && !isPlain(result)) {
            lease.unwrapped();
        }
        return result;
    }

    /** Whether the result cannot lead to the connection. False in doubt. */
    private static boolean isPlain(@Nullable Object result) {
        return result == null
                || result instanceof String
                || result instanceof Number
                || result instanceof Boolean
                || result instanceof Enum
                || result instanceof byte[]
                || result instanceof Map
                || result instanceof SQLWarning
                || result instanceof Savepoint
                || result instanceof PGNotification[]
                || result instanceof Encoding
                || result instanceof Query
                || result instanceof ParameterList;
    }

    static @Nullable Object call(Object target, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    static boolean throwsSql(Method method) {
        for (Class<?> each : method.getExceptionTypes()) {
            if (each.isAssignableFrom(SQLException.class)) {
                return true;
            }
        }
        return false;
    }
}
