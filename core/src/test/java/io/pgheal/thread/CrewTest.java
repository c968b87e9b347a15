package io.pgheal.thread;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.Garbage;
import java.io.File;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Where pgheal is shared by the applications of a container. */
class CrewTest {
    private final Lane stays = new Lane(Crew.ACTS, "stays", "act", 10);

    @AfterEach
    void close() {
        stays.close();
    }

    /** An application's own code, the first to need a thread. */
    public static final class FirstUser implements Consumer<Lane> {
        @Override
        public void accept(Lane lane) {
            lane.start();
        }
    }

    @Test
    void aThreadKeepsNothingOfTheApplicationThatNeededItFirst() throws Exception {
        WeakReference<ClassLoader> gone = deployAndDrop();
        Garbage.collectUntil(() -> gone.refersTo(null));
        assertThat(Thread.getAllStackTraces().keySet())
                .anyMatch(thread -> thread.getName().startsWith("pgheal-"));
    }

    private WeakReference<ClassLoader> deployAndDrop() throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            urls.add(Path.of(entry).toUri().toURL());
        }
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader application =
                new URLClassLoader(urls.toArray(URL[]::new), CrewTest.class.getClassLoader()) {
                    @Override
                    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                        return name.equals(FirstUser.class.getName())
                                ? findClass(name)
                                : super.loadClass(name, resolve);
                    }
                }) {
            thread.setContextClassLoader(application);
            Object user = application
                    .loadClass(FirstUser.class.getName())
                    .getConstructor()
                    .newInstance();
            assertThat(user).isNotInstanceOf(FirstUser.class);
            Consumer.class.getMethod("accept", Object.class).invoke(user, stays);
            return new WeakReference<>(application);
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
