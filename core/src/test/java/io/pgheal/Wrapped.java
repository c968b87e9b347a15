package io.pgheal;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import javax.sql.DataSource;

/**
 * A data source in the shape that observability puts around a pool, OpenTelemetry for example: an object of the interface
 * only, whose connections are objects of the interface only. Both pass every call on, {@code unwrap} included.
 */
public final class Wrapped {
    private Wrapped() {}

    public static DataSource around(DataSource pool) {
        return passingOn(DataSource.class, pool);
    }

    private static <T> T passingOn(Class<T> type, T below) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    try {
                        Object result = method.invoke(below, arguments);
                        return method.getName().equals("getConnection")
                                ? passingOn(Connection.class, (Connection) result)
                                : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    public static Connection around(Connection lent) {
        return passingOn(Connection.class, lent);
    }
}
