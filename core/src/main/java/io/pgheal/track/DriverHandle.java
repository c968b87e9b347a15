package io.pgheal.track;

import java.lang.ref.Reference;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
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
 * What {@code unwrap(PGConnection.class)} gives: the driver's connection, with its COPY, large objects, fast path and
 * notifications inside the lease. The driver's own {@link CopyManager} and {@link LargeObjectManager} work above it,
 * for they ask nothing of a connection but its interfaces.
 *
 * <p>It keeps the connection's handle reachable, so to hold it is to hold the connection. What it returns is no secret way
 * past the lease either: an object of the driver's own that reaches the connection (a statement, the replication, the
 * types), or a query run by the driver's innards, counts as unwrapped.
 *
 * <p>A dynamic proxy, for these interfaces grow with the driver. Where COPY and large objects pass, nothing is called
 * by reflection: its first use in a JVM takes more stack than there may be.
 */
final class DriverHandle implements InvocationHandler {
    /** How a transaction begins and ends is one matter with the connection above; so is its closing. */
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

    /** These only read what the driver holds in memory, or do what must work beside a call of another thread. */
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

    /** Beside a call, too, but by then the backend may work for somebody else. */
    private static final Set<String> CANCELLING = Set.of("cancelQuery", "sendQueryCancel");

    private static final Set<String> EXECUTING = Set.of("execute", "fetch", "fastpathCall", "processNotifies");

    /** Of these, those that run what was made of a text elsewhere, a COMMIT it may be. */
    private static final Set<String> UNREAD = Set.of("execute", "fetch");

    static {
        proxy(BaseConnection.class, (proxy, method, arguments) -> null); // its class is made while there is stack
        proxy(QueryExecutor.class, (proxy, method, arguments) -> null);
    }

    private final Lease lease;
    private final ConnectionHandle owner;
    private final BaseConnection raw;
    private final QueryExecutor executor;
    /**
     * What the driver's own managers work above: the same, but for their statements, which they close before anybody sees
     * them. Null in that one itself.
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

    /** The driver's other door: COPY and the fast path go through it. */
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

    /** Once for each lease: it asks the server for its functions. */
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
        lease.enter(Call.PREPARE); // counted: no judgement of before it may stand
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

    /** The statement that is run, as far as it is given as a text. */
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

    /** Before it is handed out. */
    private @Nullable Object noted(@Nullable Object result) {
        if (managers != null && !isPlain(result)) {
            lease.unwrapped();
        }
        return result;
    }

    /** Whether it cannot lead to the connection. In doubt it may. */
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
