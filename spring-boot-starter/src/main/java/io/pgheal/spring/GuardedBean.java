package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.SpringProxy;
import org.springframework.aop.TargetClassAware;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.framework.AdvisedSupport;
import org.springframework.aop.support.AopUtils;
import org.springframework.aop.target.SingletonTargetSource;
import org.springframework.cglib.core.SpringNamingPolicy;
import org.springframework.cglib.proxy.Callback;
import org.springframework.cglib.proxy.CallbackFilter;
import org.springframework.cglib.proxy.Dispatcher;
import org.springframework.cglib.proxy.Enhancer;
import org.springframework.cglib.proxy.Factory;
import org.springframework.cglib.proxy.MethodInterceptor;
import org.springframework.cglib.proxy.MethodProxy;
import org.springframework.core.InfrastructureProxy;
import org.springframework.core.NativeDetector;
import org.springframework.objenesis.SpringObjenesis;
import org.springframework.util.ClassUtils;

/**
 * What the application gets in place of a guarded data source: an object of the same class, a proxy as Spring AOP makes
 * them. It borrows through the guard, and passes every other call on to the pool. Where the class cannot be subclassed it
 * is an object of the nearest superclass that can, or else of the pool's interfaces.
 *
 * <p>Unlike a proxy of Spring AOP it shows the pool's fields, and gives the pool itself to those who unwrap a class that
 * the proxy has not. Spring takes the proxy and its pool for the same resource: in a transaction that began with the one,
 * the other takes part ({@link InfrastructureProxy}).
 */
final class GuardedBean implements MethodInterceptor, InvocationHandler {
    private static final Logger LOG = LoggerFactory.getLogger(GuardedBean.class);

    /**
     * Spring Cloud changes the properties of a bean while it runs, but not of this class, which refuses. Spring Cloud 4 sees
     * the class only where a proxy tells its target; of one that does so and has another class, Spring Cloud 5 would exchange
     * the target for a new pool.
     */
    private static final String NEVER_REBOUND = "com.zaxxer.hikari.HikariDataSource";

    private static final SpringObjenesis OBJENESIS = new SpringObjenesis();

    private final DataSource pool;
    private final SelfHealingDataSource guard;

    /** Null where the proxy has no fields of the pool's class. */
    private final @Nullable SharedFields fields;

    private final AdvisedSupport advised = new AdvisedSupport();
    private volatile boolean started;
    private volatile boolean toldOfUnguarded;

    private GuardedBean(DataSource pool, SelfHealingDataSource guard, @Nullable SharedFields fields) {
        this.pool = pool;
        this.guard = guard;
        this.fields = fields;
        advised.setTargetSource(new SingletonTargetSource(pool));
        advised.setFrozen(true); // whoever has advice to add wraps the proxy
    }

    /** Stands in for the pool, whose guard this is. */
    static DataSource of(DataSource pool, SelfHealingDataSource guard) {
        if (NativeDetector.inNativeImage()) {
            return guard; // no class can be made there
        }
        for (Class<?> type = ClassUtils.getUserClass(pool);
                DataSource.class.isAssignableFrom(type);
                type = type.getSuperclass()) {
            if (canBeSubclassed(type)) {
                try {
                    SharedFields fields = new SharedFields(type, pool);
                    DataSource proxy = proxy(pool, type, new GuardedBean(pool, guard, fields));
                    fields.copyTo(proxy);
                    return proxy;
                } catch (RuntimeException | LinkageError e) {
                    LOG.info("pgheal cannot make a subclass of {} for the data source '{}'", type, guard.name(), e);
                }
            }
        }
        return proxy(pool, Object.class, new GuardedBean(pool, guard, null));
    }

    /** A final method would run on an object that has none of the pool's state. */
    private static boolean canBeSubclassed(Class<?> type) {
        return !type.isInterface()
                && !Modifier.isFinal(type.getModifiers())
                && !type.isSealed()
                && !type.isHidden()
                && !Proxy.isProxyClass(type)
                && Arrays.stream(type.getMethods())
                        .noneMatch(method -> Modifier.isFinal(method.getModifiers())
                                && !Modifier.isStatic(method.getModifiers())
                                && method.getDeclaringClass() != Object.class);
    }

    private static DataSource proxy(DataSource pool, Class<?> type, GuardedBean guarded) {
        ClassLoader loader = pool.getClass().getClassLoader();
        if (!ClassUtils.isVisible(SpringProxy.class, loader)) {
            loader = GuardedBean.class.getClassLoader(); // the pool's is a container's
        }
        Set<Class<?>> all =
                new LinkedHashSet<>(List.of(SpringProxy.class, TargetClassAware.class, InfrastructureProxy.class));
        if (type.getName().equals(NEVER_REBOUND)) {
            all.add(Advised.class);
        }
        for (Class<?> each : ClassUtils.getAllInterfacesForClass(pool.getClass())) {
            if (!each.isAssignableFrom(type)
                    && each != Factory.class
                    && each != Advised.class
                    && isAccessible(each, type)
                    && ClassUtils.isVisible(each, loader)) {
                all.add(each);
            }
        }
        Class<?>[] interfaces = all.toArray(Class<?>[]::new);
        if (type == Object.class) {
            return (DataSource) Proxy.newProxyInstance(loader, interfaces, guarded);
        }
        Enhancer enhancer = new Enhancer();
        enhancer.setClassLoader(loader);
        enhancer.setSuperclass(type);
        enhancer.setInterfaces(interfaces);
        enhancer.setNamingPolicy(SpringNamingPolicy.INSTANCE);
        enhancer.setCallbackFilter(new Callbacks());
        enhancer.setCallbackTypes(new Class<?>[] {MethodInterceptor.class, Dispatcher.class});
        Class<?> made = enhancer.createClass();
        Object proxy = OBJENESIS.newInstance(made, enhancer.getUseCache());
        ((Factory) proxy).setCallbacks(new Callback[] {guarded, (Dispatcher) () -> guarded.advised});
        return (DataSource) proxy;
    }

    /** A subclass lies in the package of its superclass, a proxy of interfaces in that of those that are not public. */
    private static boolean isAccessible(Class<?> type, Class<?> superclass) {
        return Modifier.isPublic(type.getModifiers())
                || superclass == Object.class
                || (type.getPackageName().equals(superclass.getPackageName())
                        && type.getClassLoader() == superclass.getClassLoader());
    }

    private static boolean isOfAdvised(Method method) {
        Class<?> by = method.getDeclaringClass();
        return by != Object.class && by != TargetClassAware.class && by.isAssignableFrom(Advised.class);
    }

    /**
     * Sends the calls of {@link Advised} to the second callback, all others to the first. All instances are equal, so that
     * the class for a pool's class is made once.
     */
    private static final class Callbacks implements CallbackFilter {
        @Override
        public int accept(Method method) {
            return isOfAdvised(method) ? 1 : 0;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Callbacks;
        }

        @Override
        public int hashCode() {
            return Callbacks.class.hashCode();
        }
    }

    @Override
    public @Nullable Object intercept(Object proxy, Method method, Object[] arguments, MethodProxy unused)
            throws Throwable {
        return answer(proxy, method, arguments);
    }

    /** Where there are only interfaces. */
    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        Object[] given = arguments == null ? new Object[0] : arguments;
        return isOfAdvised(method)
                ? AopUtils.invokeJoinpointUsingReflection(advised, method, given)
                : answer(proxy, method, given);
    }

    private @Nullable Object answer(Object proxy, Method method, Object[] arguments) throws Throwable {
        switch (method.getName()) {
            case "getConnection" -> {
                if (isTheInterfaces(method)) {
                    Connection connection = arguments.length == 0
                            ? guard.getConnection()
                            : guard.getConnection((String) arguments[0], (String) arguments[1]);
                    if (!started) { // the first connection starts most pools
                        started = true;
                        showFields(proxy);
                    }
                    return connection;
                }
            }
            case "unwrap" -> {
                if (arguments.length == 1 && arguments[0] instanceof Class<?> type) {
                    return unwrap(proxy, type);
                }
            }
            case "isWrapperFor" -> {
                if (arguments.length == 1 && arguments[0] instanceof Class<?> type) {
                    return type.isInstance(proxy) || guard.isWrapperFor(type);
                }
            }
            case "getWrappedObject" -> {
                if (method.getDeclaringClass() == InfrastructureProxy.class) {
                    return pool;
                }
            }
            case "getTargetClass" -> {
                if (method.getDeclaringClass() == TargetClassAware.class) {
                    return ClassUtils.getUserClass(pool);
                }
            }
            case "equals" -> {
                if (arguments.length == 1 && method.getReturnType() == boolean.class) {
                    return proxy == arguments[0];
                }
            }
            case "hashCode" -> {
                if (arguments.length == 0) {
                    return System.identityHashCode(proxy);
                }
            }
            case "finalize" -> {
                if (arguments.length == 0) {
                    return null; // the pool may have one of its own
                }
            }
            case "close" -> {
                if (arguments.length == 0) {
                    guard.close(); // the healer ends before its pool
                }
            }
            default -> {}
        }
        return passOn(proxy, method, arguments);
    }

    /** Not a method that must return a class of the pool's, as Druid's {@code getConnection()}: that can be no handle. */
    private static boolean isTheInterfaces(Method method) {
        Class<?>[] parameters = method.getParameterTypes();
        return method.getReturnType() == Connection.class
                && (parameters.length == 0 || Arrays.equals(parameters, new Class<?>[] {String.class, String.class}));
    }

    /**
     * The object itself stands in for its pool, so that nobody borrows past the guard. Except where it has no class of
     * the pool: Spring Boot asks for the data source inside to learn by its class how to make another one.
     */
    private Object unwrap(Object proxy, Class<?> type) throws SQLException {
        if (fields == null && type == DataSource.class) {
            return pool;
        }
        return type.isInstance(proxy) ? proxy : guard.unwrap(type);
    }

    private @Nullable Object passOn(Object proxy, Method method, Object[] arguments) throws Throwable {
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof Connection connection) { // as in evictConnection(connection)
                arguments[i] = SelfHealingDataSource.lent(connection);
            }
        }
        if (Connection.class.isAssignableFrom(method.getReturnType()) && !toldOfUnguarded) {
            toldOfUnguarded = true;
            LOG.warn(
                    "a connection of the data source '{}' was borrowed by {}, past the guard: borrow by DataSource",
                    guard.name(),
                    method);
        }
        try {
            Object result = AopUtils.invokeJoinpointUsingReflection(pool, method, arguments);
            return result == pool ? proxy : result; // a method that returns its own object
        } finally {
            showFields(proxy);
        }
    }

    /** Nothing may fail here: a connection that was lent, for one, would be lost. */
    private void showFields(Object proxy) {
        if (fields != null) {
            try {
                fields.copyTo(proxy);
            } catch (Throwable unimportant) {
                started = false; // shown with the next connection
            }
        }
    }

    /**
     * Shows the pool's fields in the object that stands in for it, for those who read them by reflection, as Spring
     * Boot does for the meters of HikariCP: as they were after the last call.
     */
    private static final class SharedFields {
        private final DataSource pool;
        private final List<Field> fields = new ArrayList<>();

        SharedFields(Class<?> type, DataSource pool) {
            this.pool = pool;
            for (Class<?> at = type; at != null && at != Object.class; at = at.getSuperclass()) {
                for (Field field : at.getDeclaredFields()) {
                    if (!Modifier.isStatic(field.getModifiers())
                            && !Modifier.isFinal(field.getModifiers())
                            && field.trySetAccessible()) {
                        fields.add(field);
                    }
                }
            }
        }

        /** One at a time, or an older value could overwrite a newer one. */
        synchronized void copyTo(Object standIn) {
            for (Field field : fields) {
                try {
                    field.set(standIn, field.get(pool));
                } catch (IllegalAccessException e) {
                    throw new IllegalStateException(e); // cannot happen: the field is accessible
                }
            }
        }
    }
}
