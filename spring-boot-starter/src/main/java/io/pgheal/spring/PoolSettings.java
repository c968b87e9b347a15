package io.pgheal.spring;

import java.lang.reflect.Method;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ReflectionUtils;

/**
 * The settings of a pool, read by the getters that HikariCP, Tomcat's pool, DBCP, c3p0 and the drivers' own data
 * sources have in common, so that none of them needs to be on the class path. Reading opens no connection.
 */
final class PoolSettings {
    private static final int DEEPEST = 3;

    private PoolSettings() {}

    /** The JDBC URL; null when the pool has no getter for it. */
    static @Nullable String url(DataSource pool) {
        return first(pool, DEEPEST, "getJdbcUrl", "getUrl", "getURL");
    }

    static @Nullable String user(DataSource pool) {
        return first(pool, DEEPEST, "getUsername", "getUser");
    }

    static @Nullable String password(DataSource pool) {
        return first(pool, DEEPEST, "getPassword");
    }

    private static @Nullable String first(DataSource pool, int deepest, String... getters) {
        for (String getter : getters) {
            if (read(pool, getter) instanceof String text && !text.isEmpty()) {
                return text;
            }
        }
        // HikariCP over a driver's own data source.
        return deepest > 1 && read(pool, "getDataSource") instanceof DataSource below && below != pool
                ? first(below, deepest - 1, getters)
                : null;
    }

    private static @Nullable Object read(DataSource pool, String getter) {
        Method method = ReflectionUtils.findMethod(pool.getClass(), getter);
        if (method == null) {
            return null;
        }
        try {
            ReflectionUtils.makeAccessible(method);
            return method.invoke(pool);
        } catch (ReflectiveOperationException | RuntimeException e) {
            return null; // a failing getter counts as an absent one
        }
    }
}
