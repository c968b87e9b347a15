package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.testserver.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.context.ConfigurableApplicationContext;

/** An application as a user has it: started for real, on a port of its own, against the test's database. */
final class RunningApplication implements AutoCloseable {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String ESCALATION = "pgheal.escalation.interval=";
    private static final String POOL_SIZE = "spring.datasource.hikari.maximum-pool-size=";

    final ConfigurableApplicationContext context;

    private RunningApplication(ConfigurableApplicationContext context) {
        this.context = context;
    }

    static RunningApplication start(Class<?> application, PostgresServer server, String... properties) {
        return new RunningApplication(SpringApplication.run(application, arguments(server, properties)));
    }

    static String[] arguments(PostgresServer server, String... properties) {
        List<String> arguments = new ArrayList<>(List.of(
                "--server.port=0",
                "--spring.main.banner-mode=off",
                "--spring.datasource.url=" + server.url(),
                "--spring.datasource.username=" + server.user(),
                "--spring.datasource.password=" + server.password(),
                "--management.endpoints.web.exposure.include=*",
                "--management.endpoint.health.show-details=always"));
        if (Stream.of(properties).noneMatch(property -> property.startsWith(POOL_SIZE))) {
            arguments.add("--" + POOL_SIZE + "4");
        }
        if (Stream.of(properties).noneMatch(property -> property.startsWith(ESCALATION))) {
            arguments.add("--" + ESCALATION + "1m"); // no harsher remedy because a machine is slow
        }
        arguments.add("--pgheal.proof.longest-stop=1m"); // whatever other tests have left in the heap
        for (String property : properties) {
            arguments.add("--" + property);
        }
        return arguments.toArray(String[]::new);
    }

    interface Work {
        void run() throws SQLException;
    }

    /** Not in the common pool: with two processors it may have one thread, and that may be waiting already. */
    static CompletableFuture<Void> meanwhile(Work work) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        work.run();
                    } catch (SQLException e) {
                        throw new IllegalStateException(e.getSQLState(), e);
                    }
                },
                task -> {
                    Thread thread = new Thread(task, "meanwhile");
                    thread.setDaemon(true);
                    thread.start();
                });
    }

    SelfHealingDataSource guard() {
        return Guards.of(context.getBean(DataSource.class));
    }

    HttpResponse<String> get(String path) {
        return send(HttpRequest.newBuilder(uri(path)).build());
    }

    String getAs(String path, String type) {
        return send(HttpRequest.newBuilder(uri(path)).header("Accept", type).build())
                .body();
    }

    HttpResponse<String> post(String path, String json) {
        return send(HttpRequest.newBuilder(uri(path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json))
                .build());
    }

    CompletableFuture<HttpResponse<String>> getLater(String path) {
        return CLIENT.sendAsync(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString());
    }

    private static HttpResponse<String> send(HttpRequest request) {
        try {
            return CLIENT.send(request, BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private URI uri(String path) {
        return URI.create("http://localhost:" + context.getEnvironment().getProperty("local.server.port") + path);
    }

    Map<String, Object> json(String path) {
        return JsonParserFactory.getJsonParser().parseMap(get(path).body());
    }

    /** What is at the end of a path of keys and indexes. */
    @SuppressWarnings("unchecked")
    static <T> T at(Object json, Object... path) {
        Object found = json;
        for (Object step : path) {
            found = step instanceof Integer index
                    ? ((List<Object>) found).get(index)
                    : ((Map<String, Object>) found).get(step);
        }
        return (T) found;
    }

    @Override
    public void close() {
        context.close();
    }
}
