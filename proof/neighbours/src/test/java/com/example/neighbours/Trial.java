package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.testserver.Login;
import io.pgheal.testserver.Patience;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.HealingLease;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.opentest4j.MultipleFailuresError;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.Environment;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.util.ClassUtils;

/**
 * An application with a neighbour, beside pgheal: it is started as its user starts it, and looked at from outside. Each
 * look is a cell of the {@link Table}, and each is taken, whatever the others have seen; what was not as it must be fails
 * at the end.
 */
final class Trial implements AutoCloseable {
    /** Of each pool, so that a slot that does not come back is missed. */
    static final int SLOTS = 2;

    /** To see what the neighbour does where pgheal is not: only its own work is looked at. */
    static final boolean ALONE = Boolean.getBoolean("neighbours.alone");

    private interface Look {
        Object take() throws Exception;
    }

    interface Deed {
        void happens() throws Exception;
    }

    private final Login app;
    private final Table.Row row;
    private final List<Throwable> failures = new ArrayList<>();
    /** What was leaked is still referred to: it is the end of its unit of work that tells, not the collector. */
    private final List<Connection> kept = new CopyOnWriteArrayList<>();

    private ConfigurableApplicationContext context;

    private Trial(Login app, Table.Row row) {
        this.app = app;
        this.row = row;
    }

    /**
     * @param line the neighbour, and what is done with it: a row of the table
     * @param with the neighbours whose auto-configurations it has, as {@link OnlyAskedFor} names them
     */
    static Trial of(PostgresServer server, String line, Class<?> application, String with, String... properties) {
        return of(server.app(), line, application, with, properties);
    }

    /** In another database than the test class' own. */
    static Trial of(Login app, String line, Class<?> application, String with, String... properties) {
        Trial trial = new Trial(app, new Table.Row(line));
        trial.start(application, with, properties);
        return trial;
    }

    /** Of an application that is there already, in this JVM; the trial closes it. */
    static Trial running(String line, ConfigurableApplicationContext context) {
        Environment environment = context.getEnvironment();
        Login app = new Login(
                environment.getRequiredProperty("spring.datasource.url"),
                environment.getRequiredProperty("spring.datasource.username"),
                environment.getRequiredProperty("spring.datasource.password"));
        Trial trial = new Trial(app, new Table.Row(line));
        trial.context = context;
        trial.row.cell("starts", "yes");
        return trial;
    }

    private void start(Class<?> application, String with, String... properties) {
        try {
            context = SpringApplication.run(application, arguments(app, with, properties));
            row.cell("starts", "yes");
        } catch (RuntimeException | Error e) {
            row.cell("starts", "**no**");
            write();
            throw e;
        }
    }

    /** The application's command line. */
    static String[] arguments(Login app, String with, String... properties) {
        Map<String, String> all = new LinkedHashMap<>(Map.of(
                "test.with",
                with,
                "server.port",
                "0",
                "spring.main.banner-mode",
                "off",
                "spring.main.web-application-type",
                "servlet",
                "spring.datasource.url",
                app.url(),
                "spring.datasource.username",
                app.user(),
                "spring.datasource.password",
                app.password(),
                "spring.datasource.hikari.maximum-pool-size",
                String.valueOf(SLOTS),
                "management.endpoints.web.exposure.include",
                "*",
                "pgheal.proof.longest-stop",
                "1m")); // whatever other tests have left in the heap
        all.put("pgheal.enabled", String.valueOf(!ALONE));
        for (String property : properties) {
            String[] parts = property.split("=", 2);
            all.put(parts[0], parts[1]);
        }
        return all.entrySet().stream()
                .map(it -> "--" + it.getKey() + "=" + it.getValue())
                .toArray(String[]::new);
    }

    ConfigurableApplicationContext context() {
        return context;
    }

    Login app() {
        return app;
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    /** Whether pgheal lent the connection. */
    static boolean isGuarded(Connection connection) throws SQLException {
        return ALONE || connection.isWrapperFor(HealingLease.class);
    }

    DataSource dataSource(String bean) {
        return context.getBean(bean, DataSource.class);
    }

    /** So many guards are there, each with a connection to the server, and what these beans lend is guarded. */
    Trial guards(int guards, String... beans) {
        if (ALONE) {
            return this;
        }
        boolean guarded = look("guarded", () -> {
            for (String bean : beans) {
                try (Connection connection = dataSource(bean).getConnection()) {
                    assertThat(isGuarded(connection))
                            .as(
                                    "what '%s' lends is guarded: %s",
                                    bean, dataSource(bean).getClass().getName())
                            .isTrue();
                }
            }
            Set<String> names = guardsByName().keySet();
            assertThat(names).as("the guards").hasSize(guards);
            return String.join(", ", names);
        });
        if (guarded) {
            look("connected", () -> {
                await("the healers are connected")
                        .untilAsserted(() -> guardsByName()
                                .forEach((name, guard) ->
                                        assertThat(healer(guard)).as(name).containsEntry("connected", true)));
                return "yes";
            });
        } else {
            row.cell("connected", "–");
        }
        return this;
    }

    @SuppressWarnings("unchecked")
    private Map<String, Map<String, Object>> guardsByName() throws SQLException {
        if (!ClassUtils.isPresent("org.springframework.boot.actuate.endpoint.Access", null)) {
            Map<String, Map<String, Object>> guards = new LinkedHashMap<>();
            for (DataSource bean : context.getBeansOfType(DataSource.class).values()) {
                SelfHealingDataSource guard = bean.unwrap(SelfHealingDataSource.class);
                guards.put(
                        guard.name(),
                        Map.of("healer", Map.of("connected", guard.healer().connected())));
            }
            return guards;
        }
        Map<String, Object> all = JsonParserFactory.getJsonParser().parseMap(get("/actuator/pgheal"));
        return (Map<String, Map<String, Object>>) all.get("dataSources");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> healer(Map<String, Object> guard) {
        return (Map<String, Object>) guard.get("healer");
    }

    /** What a task of the application's own executor leaves behind when it ends by an error is healed, and its slot is back. */
    Trial heals(String bean) {
        return heals(bean, SLOTS);
    }

    Trial heals(String bean, int slots) {
        return heals(
                bean,
                slots,
                () -> assertThatThrownBy(() -> context.getBean("applicationTaskExecutor", AsyncTaskExecutor.class)
                                .submit(() -> leak(dataSource(bean)))
                                .get())
                        .hasRootCauseMessage("it ends without closing"));
    }

    /** The application leaks by itself: it updates the table {@code leaked}, and drops the connection. */
    Trial heals(String bean, Deed leak) {
        return heals(bean, SLOTS, leak);
    }

    private Trial heals(String bean, int slots, Deed leak) {
        if (ALONE || !row.is("guarded")) {
            row.cell("a leak is healed", "–");
            return this;
        }
        look("a leak is healed", () -> {
            app.run("CREATE TABLE IF NOT EXISTS leaked (n int)", "TRUNCATE leaked", "INSERT INTO leaked VALUES (0)");
            leak.happens();
            long since = System.nanoTime();
            CompletableFuture<Void> behind = waitForTheRow();
            await("the leaked row is free").until(behind::isDone);
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
            behind.join();
            lendsAll(dataSource(bean), slots);
            return millis + " ms";
        });
        return this;
    }

    /** Another user of the database wants the row. It does not wait for ever: the server is to have no session left. */
    private CompletableFuture<Void> waitForTheRow() {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        app.run(
                                "SET lock_timeout = '"
                                        + Patience.PATIENCE.plusSeconds(5).toMillis() + "ms'",
                                "UPDATE leaked SET n = n + 1");
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                },
                task -> {
                    Thread thread = new Thread(task, "behind");
                    thread.setDaemon(true);
                    thread.start();
                });
    }

    private Void leak(DataSource dataSource) throws SQLException {
        Connection connection = dataSource.getConnection();
        kept.add(connection);
        connection.setAutoCommit(false);
        Sql.run(connection, "UPDATE leaked SET n = n + 1");
        throw new IllegalStateException("it ends without closing");
    }

    private static void lendsAll(DataSource dataSource, int slots) throws SQLException {
        List<Connection> lent = new ArrayList<>();
        try {
            for (int i = 0; i < slots; i++) {
                Connection connection = dataSource.getConnection();
                lent.add(connection);
                assertThat(Sql.number(connection, "SELECT 1")).isEqualTo(1);
            }
        } finally {
            for (Connection connection : lent) {
                connection.close();
            }
        }
    }

    /** The neighbour's own work. */
    Trial does(String what, Deed deed) {
        look("does its own work", () -> {
            try {
                deed.happens();
            } catch (Exception | AssertionError e) {
                throw new AssertionError(what + ": " + e.getMessage(), e);
            }
            return "yes";
        });
        return this;
    }

    private void write() {
        if (!ALONE) {
            row.write();
        }
    }

    private boolean look(String column, Look look) {
        try {
            row.cell(column, String.valueOf(look.take()));
            return true;
        } catch (Exception | AssertionError | LinkageError e) {
            row.cell(column, "**no**");
            failures.add(new AssertionError(column + ": " + e.getMessage(), e));
            return false;
        }
    }

    String get(String path) {
        return send("GET", path);
    }

    String post(String path) {
        return send("POST", path);
    }

    /** Without a client that keeps threads: such a thread would hold the class loader of the application that made it. */
    private String send(String method, String path) {
        try {
            HttpURLConnection request = (HttpURLConnection) uri(path).toURL().openConnection();
            request.setRequestMethod(method);
            int status = request.getResponseCode();
            try (InputStream body = status == 200 ? request.getInputStream() : request.getErrorStream()) {
                String text = body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8);
                assertThat(status).as(text).isEqualTo(200);
                return text;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private URI uri(String path) {
        return URI.create("http://localhost:" + context.getEnvironment().getProperty("local.server.port") + path);
    }

    @Override
    public void close() {
        try {
            context.close();
        } catch (RuntimeException | Error e) {
            failures.add(e);
        }
        judge();
    }

    /** Writes the row, and fails where something was not as it must be. The application runs on. */
    void judge() {
        write();
        if (!failures.isEmpty()) {
            throw new MultipleFailuresError(row.line(), failures);
        }
    }
}
