package io.pgheal.track;

import java.lang.ref.Reference;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGRefCursorResultSet;
import org.postgresql.PGStatement;

/**
 * Returned by {@code unwrap(PGStatement.class)} and the like: the driver's own settings and answers of one object,
 * within the lease. The view keeps the object's handle reachable, and no result leads past the handles.
 *
 * <p>A dynamic proxy like {@link DriverHandle}, because these interfaces grow with the driver.
 */
final class DriverView implements InvocationHandler {
    /**
     * The driver's public interfaces, except that of its connection and that of metadata, which {@link
     * ResultSetMetaDataHandle} implements. The interfaces in its core package lead to its internals.
     */
    private static final List<Class<?>> TYPES = List.of(PGStatement.class, PGRefCursorResultSet.class);

    static {
        for (Class<?> type : TYPES) {
            DriverHandle.proxy(type, (proxy, method, arguments) -> null); // makes the class while there is stack
        }
    }

    final WrapperHandle handle;
    private final Object raw;

    private DriverView(WrapperHandle handle, Object raw) {
        this.handle = handle;
        this.raw = raw;
    }

    /**
     * A view of the object that was found below the handle, or the object itself where there is no view of this type.
     */
    static <T> T of(WrapperHandle handle, T found, Class<T> type) {
        return TYPES.contains(type) ? DriverHandle.proxy(type, new DriverView(handle, found)) : found;
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        try {
            return switch (method.getName()) {
                case "equals" -> arguments != null && is(arguments[0]);
                case "hashCode" -> raw.hashCode();
                case "toString" -> raw.toString();
                default -> DriverHandle.throwsSql(method) ? inside(method, arguments) : beside(method, arguments);
            };
        } finally {
            Reference.reachabilityFence(handle);
        }
    }

    private boolean is(@Nullable Object other) {
        return other == raw
                || (other != null
                        && Proxy.isProxyClass(other.getClass())
                        && Proxy.getInvocationHandler(other) instanceof DriverView view
                        && view.raw == raw);
    }

    /** A call that may ask the server. */
    private @Nullable Object inside(Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
        Lease lease = handle.lease;
        lease.enter(Call.PREPARE);
        try {
            Object result = DriverHandle.call(raw, method, arguments);
            lease.exit();
            return result;
        } catch (Throwable t) {
            lease.failed(t);
            throw t;
        }
    }

    private @Nullable Object beside(Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
        try {
            return DriverHandle.call(raw, method, arguments);
        } catch (Throwable t) {
            handle.lease.cut(t);
            throw t;
        }
    }
}
