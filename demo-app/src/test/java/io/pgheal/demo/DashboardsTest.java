package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.report.MeterId;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The dashboard and the rules ask for what there is: checked by Prometheus' own tools, and by a real one on the demo. */
@Tag("thorough")
class DashboardsTest {
    private static final Path DASHBOARDS = Path.of("..", "docs", "dashboards");
    private static final Pattern METRIC = Pattern.compile("\\bpgheal_[a-z_]+");
    private static final Pattern RULE =
            Pattern.compile("^ +- (?:record|alert): (.+)\\n +expr: (.+)$", Pattern.MULTILINE);
    private static final Pattern RECORDED = Pattern.compile("\\bdata_source:pgheal[a-z0-9_:]+");

    /** What has no answer in a demo that is well, and why. */
    private static final Map<String, String> QUIET = Map.of(
            "PghealTransactionUnresolved", "every remedy helps",
            "PghealWaitersBlocked", "nobody waits for as long as it takes to ask",
            "PghealJudgementRefuted", "no judgement is wrong",
            "PghealBlind", "the server can be asked",
            "PghealNothingProven", "the collector answers",
            "PghealHealsDoNotHelp", "they do",
            "PghealNoticesLost", "the healer keeps up",
            "PghealConnectionsQuarantined", "the preflight comes before anything is cut");

    /** That they are there proves nothing: they must grow. */
    private static final Set<String> BEGIN_AT_ZERO = Set.of(
            "Incidents A",
            "By evidence A",
            "By remedy A",
            "The collector is asked, and answers A",
            "The collector is asked, and answers B",
            "How long an answer takes A");

    private static final JsonMapper JSON = JsonMapper.shared();

    @TempDir
    Path temporary;

    @Test
    void everyMetricIsOneOfTheMeters() throws IOException {
        Set<String> asked = new TreeSet<>();
        for (String expression : expressions().values()) {
            Matcher metric = METRIC.matcher(RECORDED.matcher(expression).replaceAll(""));
            while (metric.find()) {
                asked.add(metric.group());
            }
        }
        assertThat(asked).hasSizeGreaterThan(10);
        assertThat(exported()).containsAll(asked);
    }

    @Test
    void theRulesPassTheirOwnTests() throws Exception {
        Assumptions.assumeTrue(
                isInstalled("promtool"), "SKIPPED: no promtool here (Debian: apt-get install prometheus)");
        promtool("check", "rules", "pgheal-rules.yml");
        promtool("test", "rules", "pgheal-rules-test.yml");
        promtool("check", "config", "prometheus.yml");
    }

    @Test
    void aRealPrometheusAnswersEveryPanelOfTheDashboard() throws Exception {
        Assumptions.assumeTrue(
                isInstalled("prometheus"), "SKIPPED: no Prometheus here (Debian: apt-get install prometheus)");
        try (RunningDemo demo = RunningDemo.start(temporary.resolve("db"), "--demo.login-lock-timeout=2m");
                Prometheus prometheus = new Prometheus(demo.url("").replace("http://", ""))) {
            prometheus.awaitAnswer("pgheal_leases");
            expressions().forEach((what, expression) -> {
                if (QUIET.containsKey(what)) {
                    prometheus.awaitSuccess(expression);
                } else {
                    prometheus.awaitFigure(
                            BEGIN_AT_ZERO.contains(what) ? "(" + expression + ") > 0" : expression, () -> strike(demo));
                }
            });
            prometheus.awaitRules(QUIET.keySet(), "PghealLeakHealed");
            prometheus.awaitFigure("pgheal_leaks_total{site=~\".*OrgChartPage.open.*\"} > 1", () -> strike(demo));
            prometheus.awaitAnswer("sum by (evidence) (pgheal_evidence_total{evidence=\"SCOPE_ENDED\"}) > 0");
            prometheus.awaitAnswer("histogram_quantile(0.99, sum by (le) (pgheal_time_to_heal_seconds_bucket)) > 0");
            prometheus.awaitAnswer("pgheal_waiters_blocked == 0");
        }
    }

    /** A leak that is seen at once, one that only the collector proves, and somebody who waits for a lock. */
    private static void strike(RunningDemo demo) {
        demo.post("/api/users/alice/org-chart");
        demo.post("/api/faults/slow-but-alive?username=bob&seconds=2");
        assertThat(demo.login("bob", "secret").status()).isEqualTo(200);
        demo.post("/api/faults/leak-in-executor?username=carol");
        assertThat(demo.login("carol", "secret").status()).isEqualTo(200);
    }

    /** All that the dashboard and the rules ask, by name, with Grafana's variables filled in. */
    private static Map<String, String> expressions() throws IOException {
        Map<String, String> found = new LinkedHashMap<>();
        JsonNode dashboard = JSON.readTree(Files.readString(DASHBOARDS.resolve("pgheal.json")));
        for (JsonNode panel : dashboard.get("panels")) {
            for (JsonNode target : panel.path("targets")) {
                found.put(
                        panel.get("title").asString() + " "
                                + target.get("refId").asString(),
                        target.get("expr").asString());
            }
        }
        Matcher rule = RULE.matcher(Files.readString(DASHBOARDS.resolve("pgheal-rules.yml")));
        while (rule.find()) {
            found.put(rule.group(1), rule.group(2));
        }
        assertThat(found).hasSizeGreaterThan(25);
        found.replaceAll((what, expression) -> expression
                .replace("$pool", ".*")
                .replace("$job", ".*")
                .replace("$__rate_interval", "1m")
                .replace("$__range", "1h"));
        return found;
    }

    /** What Micrometer's Prometheus registry makes of the names. */
    private static Set<String> exported() {
        Set<String> names = new TreeSet<>();
        for (MeterId meter : MeterId.values()) {
            String name = meter.meterName().replace('.', '_');
            switch (meter.kind()) {
                case COUNTER -> names.add(name + "_total");
                case GAUGE -> names.add(name);
                case TIMER ->
                    List.of("_seconds_bucket", "_seconds_sum", "_seconds_count", "_seconds_max")
                            .forEach(suffix -> names.add(name + suffix));
            }
        }
        return names;
    }

    private static boolean isInstalled(String command) {
        return List.of(System.getenv("PATH").split(java.io.File.pathSeparator)).stream()
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, command)));
    }

    private static void promtool(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("promtool"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(DASHBOARDS.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    /** A Prometheus of the test's own, which scrapes one target every second. */
    private final class Prometheus implements AutoCloseable {
        private final HttpClient client = HttpClient.newHttpClient();
        private final Process process;
        private final String address;

        Prometheus(String target) throws IOException {
            try (ServerSocket free = new ServerSocket(0)) {
                address = "127.0.0.1:" + free.getLocalPort();
            }
            Path config = temporary.resolve("prometheus.yml");
            Files.writeString(
                    config,
                    Files.readString(DASHBOARDS.resolve("prometheus.yml"))
                            .replace("localhost:8080", target)
                            .replace("scrape_interval: 2s", "scrape_interval: 1s"));
            Files.copy(DASHBOARDS.resolve("pgheal-rules.yml"), temporary.resolve("pgheal-rules.yml"));
            process = new ProcessBuilder(
                            "prometheus",
                            "--config.file=" + config,
                            "--storage.tsdb.path=" + temporary.resolve("tsdb"),
                            "--web.listen-address=" + address)
                    .redirectErrorStream(true)
                    .redirectOutput(temporary.resolve("prometheus.log").toFile())
                    .start();
        }

        JsonNode ask(String expression) throws IOException, InterruptedException {
            return get("query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
        }

        private JsonNode get(String question) throws IOException, InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + address + "/api/v1/" + question))
                    .timeout(Duration.ofSeconds(10))
                    .build();
            return JSON.readTree(client.send(request, BodyHandlers.ofString()).body());
        }

        void awaitAnswer(String expression) {
            await(expression)
                    .atMost(Duration.ofSeconds(60))
                    .ignoreExceptions()
                    .until(() -> !ask(expression).at("/data/result").isEmpty());
        }

        void awaitSuccess(String expression) {
            await(expression)
                    .atMost(Duration.ofSeconds(60))
                    .ignoreExceptions()
                    .until(() -> ask(expression).get("status").asString().equals("success"));
        }

        /** Something that is a number; what needs two events has them sooner or later. */
        void awaitFigure(String expression, Runnable meanwhile) {
            await(expression).atMost(Duration.ofSeconds(120)).ignoreExceptions().until(() -> {
                boolean answered = ask(expression)
                        .at("/data/result")
                        .valueStream()
                        .anyMatch(each -> !each.at("/value/1").asString().equals("NaN"));
                if (!answered) {
                    meanwhile.run();
                }
                return answered;
            });
        }

        /** All alerts are loaded, and can be evaluated. */
        void awaitRules(Set<String> alerts, String another) {
            Set<String> all = new TreeSet<>(alerts);
            all.add(another);
            await().atMost(Duration.ofSeconds(90)).ignoreExceptions().until(() -> {
                Set<String> well = new TreeSet<>();
                for (JsonNode group : get("rules?type=alert").at("/data/groups")) {
                    for (JsonNode rule : group.get("rules")) {
                        if (rule.get("health").asString().equals("ok")) {
                            well.add(rule.get("name").asString());
                        }
                    }
                }
                return well.equals(all);
            });
        }

        @Override
        public void close() {
            process.destroy();
            await().until(() -> !process.isAlive());
        }
    }
}
