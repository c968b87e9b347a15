package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

/** Frameworks look at the methods of every bean: where Micrometer is absent, that must not fail. */
class WithoutMicrometerTest {

    /** Loads pgheal anew, as if Micrometer were not on the class path. */
    private static final class Loader extends ClassLoader {
        Loader() {
            super(WithoutMicrometerTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("io.micrometer.")) {
                throw new ClassNotFoundException(name);
            }
            if (!name.startsWith("io.pgheal.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded == null ? define(name) : loaded;
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream file = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (file == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = file.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    @Test
    void theGuardCanBeLookedAt() throws ClassNotFoundException {
        Class<?> guard = new Loader().loadClass(SelfHealingDataSource.class.getName());
        assertThat(guard).isNotEqualTo(SelfHealingDataSource.class);
        assertThat(guard.getDeclaredMethods()).isNotEmpty();
        assertThat(guard.getDeclaredFields()).isNotEmpty();
        assertThat(guard.getDeclaredConstructors()).isNotEmpty();
    }

    @Test
    void theTestWouldNotice() throws ClassNotFoundException {
        Class<?> builder = new Loader().loadClass(SelfHealingDataSource.Builder.class.getName());
        assertThatThrownBy(builder::getDeclaredMethods)
                .isInstanceOf(NoClassDefFoundError.class)
                .hasMessageContaining("MeterRegistry");
    }
}
