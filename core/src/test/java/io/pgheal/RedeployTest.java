package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.Garbage;
import io.pgheal.testserver.PostgresServer;
import java.io.File;
import java.lang.ref.WeakReference;
import java.lang.reflect.Constructor;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An application that is deployed, closed and deployed again, as in a container that has the driver itself. */
@Tag("thorough")
class RedeployTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    /** What comes with the application. */
    private static final List<String> DEPLOYED =
            List.of("io.pgheal.", "net.ttddyy.", "io.github.resilience4j.", "io.micrometer.", "com.zaxxer.");

    private static final class Deployment extends URLClassLoader {
        Deployment() throws MalformedURLException {
            super(classPath(), RedeployTest.class.getClassLoader());
        }

        private static URL[] classPath() throws MalformedURLException {
            List<URL> urls = new ArrayList<>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                urls.add(Path.of(entry).toUri().toURL());
            }
            return urls.toArray(URL[]::new);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (DEPLOYED.stream().noneMatch(name::startsWith)) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded == null ? findClass(name) : loaded;
            }
        }
    }

    /**
     * The JDK itself ({@code java.lang.runtime.ObjectMethods}) keeps the last type of a component that a record's
     * {@code equals} compared, and so its class loader: one type that never goes, and softly one of those that may. Loaded
     * by a deployment of its own, this takes the place of both.
     */
    record Displacing(Path path, Displacing other) {}

    @Test
    void leavesNoThreadNoSessionAndNoClassLoader() throws Exception {
        List<WeakReference<ClassLoader>> gone = new ArrayList<>();
        for (int round = 0; round < 2; round++) {
            gone.add(deployAndDrop());
        }
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("pgheal-")));
        await().until(() -> sessions() == 0);
        Garbage.collectUntil(() -> {
            displaceWhatTheJdkKeeps(); // and the next collection takes it
            return gone.stream().allMatch(loader -> loader.refersTo(null));
        });
    }

    private static WeakReference<ClassLoader> deployAndDrop() throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        Deployment deployment = new Deployment();
        thread.setContextClassLoader(deployment);
        try {
            Callable<?> application = (Callable<?>) deployment
                    .loadClass("io.pgheal.RedeployedApplication")
                    .getConstructor(String.class, String.class, String.class)
                    .newInstance(SERVER.url(), SERVER.user(), SERVER.password());
            assertThat(application.getClass()).isNotEqualTo(RedeployedApplication.class);
            assertThat(application.call()).isEqualTo("Deployment");
        } finally {
            thread.setContextClassLoader(before);
            deployment.close();
        }
        return new WeakReference<>(deployment);
    }

    private static void displaceWhatTheJdkKeeps() throws Exception {
        try (Deployment another = new Deployment()) {
            Class<?> displacing = another.loadClass(Displacing.class.getName());
            Constructor<?> constructor = displacing.getDeclaredConstructor(Path.class, displacing);
            constructor.setAccessible(true);
            assertThat(constructor.newInstance(Path.of("a"), null).equals(constructor.newInstance(Path.of("b"), null)))
                    .isFalse();
        }
    }

    private static int sessions() throws Exception {
        try (Connection connection = SERVER.adminConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM pg_stat_activity WHERE datname ="
                        + " current_database() AND pid <> pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }
}
