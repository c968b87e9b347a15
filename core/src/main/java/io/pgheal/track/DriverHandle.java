package io.pgheal.track;

import java.lang.ref.Reference;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.CopyOperation;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.QueryExecutor;
import org.postgresql.fastpath.Fastpath;
import org.postgresql.largeobject.LargeObjectManager;

/**
 * What {@code unwrap(PGConnection.class)} gives: the driver's connection, with its COPY, large objects, fast path and
 * notifications inside the lease. The driver's own {@link CopyManager} and {@link LargeObjectManager} work above it,
 * for they ask nothing of a connection but its interfaces.
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

    static {
        proxy(BaseConnection.class, (proxy, method, arguments) -> null); // its class is made while there is stack
        proxy(QueryExecutor.class, (proxy, method, arguments) -> null);
    }

    private final Lease lease;
    private final ConnectionHandle owner;
    private final BaseConnection raw;
    private final QueryExecutor executor;
    private @Nullable Fastpath fastpath;
    private @Nullable LargeObjectManager largeObjects;

    private DriverHandle(Lease lease, ConnectionHandle owner) {
        this.lease = lease;
        this.owner = owner;
        this.raw = lease.driver();
        this.executor = proxy(QueryExecutor.class, this::execute);
    }

    static BaseConnection of(Lease lease, ConnectionHandle owner) {
        return proxy(BaseConnection.class, new DriverHandle(lease, owner));
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
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
                    return new CopyManager((BaseConnection) proxy);
                }
                case "getFastpathAPI" -> {
                    lease.check();
                    return fastpath((BaseConnection) proxy);
                }
                case "getLargeObjectAPI" -> {
                    return largeObjects((BaseConnection) proxy);
                }
                default -> {}
            }
            if (method.getDeclaringClass() == Connection.class && OF_THE_CONNECTION.contains(name)) {
                return call(owner, method, arguments);
            }
            if (IN_MEMORY.contains(name) || !throwsSql(method)) {
                return beside(raw, method, arguments);
            }
            return inside(name.equals("createArrayOf") ? Call.HOST : Call.PREPARE, raw, method, arguments);
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
            return EXECUTING.contains(method.getName())
                    ? inside(Call.EXECUTE, below, method, arguments)
                    : beside(below, method, arguments);
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
            return inside(Call.EXECUTE, below, method, arguments);
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

    private Object below(String name, Object proxy, @Nullable Object @Nullable [] arguments) throws SQLException {
        Class<?> type = arguments == null ? null : (Class<?>) arguments[0];
        if (type == null) {
            throw new SQLException("no type to unwrap to");
        }
        if (name.equals("isWrapperFor")) {
            return type.isInstance(proxy) || raw.isWrapperFor(type);
        }
        return type.isInstance(proxy) ? proxy : raw.unwrap(type);
    }

    private @Nullable Object inside(Call kind, Object target, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        lease.enter(kind);
        try {
            Object result = call(target, method, arguments);
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
            return call(target, method, arguments);
        } catch (Throwable t) {
            lease.cut(t);
            throw t;
        }
    }

    private static @Nullable Object call(Object target, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause() == null ? e : e.getCause();
        }
    }

    private static boolean throwsSql(Method method) {
        for (Class<?> each : method.getExceptionTypes()) {
            if (each.isAssignableFrom(SQLException.class)) {
                return true;
            }
        }
        return false;
    }
}
