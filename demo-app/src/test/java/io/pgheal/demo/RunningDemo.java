package io.pgheal.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The demo on a free port, asked over HTTP like by anybody. */
final class RunningDemo implements AutoCloseable {

    /** Who is locked out waits until somebody sets him free; that is longer than any test's other patience. */
    private static final Duration NO_ANSWER = Duration.ofMinutes(5);

    private static final JsonMapper JSON = JsonMapper.shared();

    private final ConfigurableApplicationContext context;
    private final HttpClient client = HttpClient.newHttpClient();

    private RunningDemo(ConfigurableApplicationContext context) {
        this.context = context;
    }

    record Answer(int status, String body, Duration took) {

        JsonNode json() {
            return JSON.readTree(body);
        }
    }

    static RunningDemo start(Path dataDirectory, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--server.port=0");
        all.add("--demo.data-directory=" + dataDirectory);
        all.add("--pgheal.escalation.interval=1m"); // no harsher remedy because a machine is slow
        all.add("--pgheal.proof.longest-stop=1m"); // whatever other tests have left in the heap
        return new RunningDemo(SpringApplication.run(DemoApplication.class, all.toArray(String[]::new)));
    }

    Answer login(String username, String password) {
        String body = "{\"username\":\"" + username + "\",\"password\":\"" + password + "\"}";
        return post("/api/login", body);
    }

    CompletableFuture<Answer> loginMeanwhile(String username) {
        // Not in the common pool: with two processors it may have one thread, and that may be waiting already.
        return CompletableFuture.supplyAsync(() -> login(username, "secret"), work -> {
            Thread thread = new Thread(work, "login of " + username);
            thread.setDaemon(true);
            thread.start();
        });
    }

    /** Whoever stands in others' way, as pgheal tells it. */
    List<JsonNode> roots() {
        return get("/actuator/pghealtree")
                .json()
                .at("/dataSources/dataSource/roots")
                .valueStream()
                .toList();
    }

    Answer post(String path) {
        return send(to(path).POST(BodyPublishers.noBody()));
    }

    Answer post(String path, String json) {
        return send(to(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(json)));
    }

    Answer get(String path) {
        return send(to(path).GET());
    }

    /** What pgheal has to tell, the newest first. */
    List<JsonNode> incidents() {
        JsonNode body = get("/actuator/pgheal").json();
        return body.at("/dataSources/dataSource/incidents").valueStream().toList();
    }

    /** What the page shows of the work that goes on after its request. */
    List<JsonNode> background(String kind) {
        return get("/api/status")
                .json()
                .get("background")
                .valueStream()
                .filter(run -> run.get("kind").asString().equals(kind))
                .toList();
    }

    int borrowed() {
        return get("/api/status").json().at("/pool/active").asInt();
    }

    /** The application's own pool, as its code sees it. */
    DataSource dataSource() {
        return context.getBean(DataSource.class);
    }

    String url(String path) {
        return "http://localhost:" + context.getEnvironment().getProperty("local.server.port") + path;
    }

    private HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create(url(path))).timeout(NO_ANSWER);
    }

    private Answer send(HttpRequest.Builder request) {
        long start = System.nanoTime();
        try {
            HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body(), Duration.ofNanos(System.nanoTime() - start));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        context.close();
    }
}
