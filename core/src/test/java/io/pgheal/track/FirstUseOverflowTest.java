package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.pgheal.postgres.SqlState;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;

/**
 * The very first borrow of a program has too little stack. A class whose initializer an overflow cuts is broken for the
 * rest of the JVM's life; here each class of pgheal is new, and used first where the stack ends.
 */
class FirstUseOverflowTest {
    private final Raw driver = new Raw();

    @Tag("thorough")
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingIsBrokenForGood(boolean preflight) throws Exception {
        for (int step = 1; step <= 6; step++) {
            Climb.until(11, step, apart -> climb(apart, preflight));
        }
    }

    private int climb(int step, boolean preflight) throws Exception {
        try (AutoCloseable guarded = (AutoCloseable) guarded(new NewClasses(), preflight)) {
            DataSource dataSource = (DataSource) guarded;
            int failed = Climb.run(step, 2, () -> work(dataSource), thrown -> {});
            poisonAndGoOn(dataSource);
            return failed;
        }
    }

    private static void work(DataSource dataSource) throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("update t set a = 1");
                try (PreparedStatement prepared = connection.prepareStatement("update t set a = ?")) {
                    prepared.execute();
                }
            } finally {
                connection.rollback();
            }
        }
    }

    /** To find a class takes more stack than most driver calls: each would be cut there again, and never be counted. */
    @Test
    void whatTheFirstCutNeedsIsThereBeforeTheFirstBorrow() throws Exception {
        NewClasses classes = new NewClasses();
        try (AutoCloseable guarded = (AutoCloseable) guarded(classes, false)) {
            assertThat(guarded).isInstanceOf(DataSource.class);
            assertThat(classes.found)
                    .contains(
                            CutCall.class.getName(),
                            Failure.class.getName(),
                            Lease.Cut.class.getName(),
                            SqlState.class.getName());
        }
    }

    /** Everything still works, where there is stack. */
    private void poisonAndGoOn(DataSource dataSource) throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            Statement statement = connection.createStatement();
            driver.thrown = new OutOfMemoryError("in a test");
            assertThat(catchThrowable(() -> statement.execute("select 1"))).isSameAs(driver.thrown);
            driver.thrown = null;
            connection.rollback();
        }
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            assertThat(statement.executeUpdate("select 1")).isEqualTo(1);
        }
    }

    private Object guarded(ClassLoader classes, boolean preflight) throws Exception {
        Class<?> type = classes.loadClass("io.pgheal.SelfHealingDataSource");
        Object config = classes.loadClass("io.pgheal.HealingConfig")
                .getMethod("builder")
                .invoke(null);
        config = config.getClass().getMethod("stackPreflight", boolean.class).invoke(config, preflight);
        config = config.getClass().getMethod("build").invoke(config);
        Object builder = type.getMethod("builder", DataSource.class).invoke(null, pool());
        builder = builder.getClass().getMethod("config", config.getClass()).invoke(builder, config);
        return builder.getClass().getMethod("build").invoke(builder);
    }

    private DataSource pool() {
        InvocationHandler lending = (proxy, method, arguments) -> switch (method.getName()) {
            case "getConnection" -> driver.as(BaseConnection.class);
            case "hashCode" -> 1;
            case "equals" -> proxy == arguments[0];
            default -> Raw.plain(method.getReturnType());
        };
        return (DataSource) Proxy.newProxyInstance(
                FirstUseOverflowTest.class.getClassLoader(), new Class<?>[] {DataSource.class}, lending);
    }

    /** Loads pgheal's classes anew. */
    private static final class NewClasses extends ClassLoader {
        final Set<String> found = ConcurrentHashMap.newKeySet();

        NewClasses() {
            super(FirstUseOverflowTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("io.pgheal.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded != null) {
                    return loaded;
                }
                try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                    if (in == null) {
                        throw new ClassNotFoundException(name);
                    }
                    found.add(name);
                    byte[] bytes = in.readAllBytes();
                    return defineClass(name, bytes, 0, bytes.length);
                } catch (IOException e) {
                    throw new ClassNotFoundException(name, e);
                }
            }
        }
    }
}
