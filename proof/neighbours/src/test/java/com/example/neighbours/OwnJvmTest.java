package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.report.Incident;
import io.pgheal.testserver.Garbage;
import io.pgheal.testserver.PostgresServer;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.devtools.restart.Restarter;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.EventListener;
import org.springframework.jdbc.core.JdbcTemplate;

/** What a test cannot have in its own JVM: a {@code main} that is run again, and a class path without some jars. */
@Tag("thorough")
class OwnJvmTest {
    private static final String STARTED = "1g Hikari, `spring-boot-devtools`, at the start";
    private static final String RESTARTED = "1h Hikari, `spring-boot-devtools`, after a class has changed";
    private static final String BARE = "1i Hikari, without Micrometer's core and without Actuator";

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @TempDir
    Path files;

    /** Devtools runs its {@code main} in a class loader of its own, and again in a new one when a class has changed. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Restarted {
        private static final List<Incident> TOLD = new CopyOnWriteArrayList<>();

        @EventListener
        void on(Incident incident) {
            TOLD.add(incident);
        }

        public static void main(String[] arguments) {
            ConfigurableApplicationContext context = SpringApplication.run(Restarted.class, arguments);
            // Devtools has ended the thread that came here first, and runs this again on one of its own.
            int run = kept("runs", new AtomicInteger()).incrementAndGet();
            OwnJvm.exitAfter(run < 3, () -> {
                if (run == 1) {
                    isRestarted(Trial.running(STARTED, context));
                } else if (run == 2) {
                    isRestarted(Trial.running(RESTARTED, context));
                } else {
                    try (Trial trial = Trial.running(RESTARTED, context)) {
                        nothingIsLeft(trial);
                    }
                }
            });
        }

        private static void isRestarted(Trial trial) throws Exception {
            trial.guards(1, "dataSource").heals("dataSource").does("only the application is restarted", () -> {
                assertThat(loader().getClass().getSimpleName()).isEqualTo("RestartClassLoader");
                assertThat(SelfHealingDataSource.class.getClassLoader()).isSameAs(loader().getParent());
                isTold();
            });
            trial.judge();
            Map<String, Object> before = kept("before", new ConcurrentHashMap<>());
            before.put("loader", new WeakReference<>(loader()));
            before.put("threads", pghealThreads());
            Path changed = Path.of(Restarted.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .resolve(Restarted.class.getName().replace('.', '/') + ".class");
            Files.setLastModifiedTime(changed, FileTime.from(Instant.now()));
        }

        /** Of the second run: Spring Boot's shutdown hook holds the class loader of the first, with pgheal and without. */
        private static void nothingIsLeft(Trial trial) {
            trial.guards(1, "dataSource").heals("dataSource").does("nothing is left of the run before", () -> {
                isTold();
                Map<String, Object> before = kept("before", new ConcurrentHashMap<>());
                Set<?> threads = (Set<?>) before.get("threads");
                await("the threads of the run before have ended")
                        .untilAsserted(() -> assertThat(pghealThreads()).noneMatch(threads::contains));
                await("its own control connection is the only one")
                        .until(() -> trial.app().sessions("application_name = ?", ControlSettings.APPLICATION_NAME)
                                == (Trial.ALONE ? 0 : 1));
                WeakReference<?> loader = (WeakReference<?>) before.get("loader");
                Garbage.collectUntil(() -> loader.get() == null);
            });
        }

        private static void isTold() {
            if (!Trial.ALONE) {
                await("it is told of its leak").until(() -> !TOLD.isEmpty());
            }
        }

        private static Set<Long> pghealThreads() {
            return Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().startsWith("pgheal-"))
                    .map(Thread::getId)
                    .collect(Collectors.toSet());
        }

        private static ClassLoader loader() {
            return Restarted.class.getClassLoader();
        }

        /** The value of whichever run asked first. It must not hold that run's class loader. */
        @SuppressWarnings("unchecked")
        private static <T> T kept(String name, T value) {
            return (T) Restarter.getInstance().getOrAddAttribute(name, () -> value);
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Bare {
        private static final List<Incident> TOLD = new CopyOnWriteArrayList<>();

        @EventListener
        void on(Incident incident) {
            TOLD.add(incident);
        }

        public static void main(String[] arguments) {
            OwnJvm.exitAfter(false, () -> {
                try (Trial trial = Trial.running(BARE, SpringApplication.run(Bare.class, arguments))) {
                    trial.guards(1, "dataSource").heals("dataSource").does("it is told of its leak", () -> {
                        for (String missing : List.of(
                                "io.micrometer.core.instrument.MeterRegistry",
                                "org.springframework.boot.actuate.endpoint.annotation.Endpoint")) {
                            assertThatThrownBy(() -> Class.forName(missing)).isInstanceOf(ClassNotFoundException.class);
                        }
                        assertThat(trial.bean(JdbcTemplate.class).queryForObject("SELECT 1", Integer.class))
                                .isOne();
                        if (!Trial.ALONE) {
                            await("it is told").until(() -> !TOLD.isEmpty());
                        }
                    });
                }
            });
        }
    }

    @Test
    void devtools() throws Exception {
        new OwnJvm(files)
                .without("aws-advanced-jdbc-wrapper|prometheus-|micrometer-registry-prometheus") // their threads hold
                // the loader
                .withClassesInADirectory()
                .runs(
                        Restarted.class,
                        List.of(STARTED, RESTARTED),
                        Trial.arguments(
                                SERVER.app(),
                                "devtools",
                                "spring.devtools.livereload.enabled=false",
                                "spring.devtools.restart.poll-interval=200ms",
                                "spring.devtools.restart.quiet-period=100ms"));
    }

    @Test
    void withoutMicrometer() throws Exception {
        new OwnJvm(files)
                .without("micrometer-(?!commons|observation)|prometheus-|datasource-micrometer"
                        + "|spring-boot-(starter-)?(actuator|health|micrometer|devtools)")
                .runs(Bare.class, List.of(BARE), Trial.arguments(SERVER.app(), ""));
    }
}
