package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** One demo for all, as it would run for a while: each fault has to be healed after all the others too. */
@DisplayName("With pgheal")
@Tag("thorough")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DemoHealedTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final List<String> EVERYBODY = List.of("alice", "bob", "carol");

    private RunningDemo demo;
    private Set<String> toldBefore;

    @BeforeAll
    void start(@TempDir Path directory) {
        // Nothing is told here by the clock of a busy machine: a heal waits for the whole story of what was locked, and
        // a
        // login that would succeed in the end does not give up before.
        demo = RunningDemo.start(
                directory.resolve("data"),
                "--pgheal.diagnosis.deadline=30s",
                "--demo.login-lock-timeout=2m",
                "--spring.datasource.hikari.connection-timeout=60000");
    }

    @AfterAll
    void stop() {
        demo.close();
    }

    @BeforeEach
    void rememberWhatWasTold() {
        toldBefore = demo.incidents().stream().map(DemoHealedTest::id).collect(Collectors.toSet());
    }

    @AfterEach
    void nothingIsLeftBehindAndNobodyWasHitByMistake() {
        patiently().until(() -> demo.borrowed() == 0);
        assertThat(demo.get("/actuator/pgheal").json().get("mode").asString()).isEqualTo("heal");
        assertThat(told()).noneMatch(incident -> outcome(incident).equals("REFUTED"));
    }

    @Test
    @DisplayName("twenty faults while eight clients log in: each is healed, and no login fails")
    void underLoad() throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(8);
        AtomicBoolean enough = new AtomicBoolean();
        Queue<RunningDemo.Answer> logins = new ConcurrentLinkedQueue<>();
        List<Future<?>> loops = new ArrayList<>();
        for (int client = 0; client < 8; client++) {
            int first = client;
            loops.add(clients.submit(() -> logInUntil(enough, first, logins)));
        }
        for (int fault = 0; fault < 20; fault++) {
            assertThat(demo.post("/api/users/" + one(fault) + "/org-chart").status())
                    .isEqualTo(500);
        }
        patiently().until(() -> healed().size() >= 20 && logins.size() > 20);
        enough.set(true);
        clients.shutdown();
        for (Future<?> loop : loops) {
            loop.get();
        }

        say("20 faults under load: " + counted(logins));
        assertThat(logins).allMatch(login -> login.status() == 200);
        List<JsonNode> healed = healed();
        assertThat(healed).hasSize(20);
        assertThat(healed.stream().map(incident -> incident.at("/backend/pid").asInt()))
                .doesNotHaveDuplicates();
        say("their times to heal in ms: "
                + healed.stream()
                        .map(incident -> incident.get("timeToHealMillis").asDouble())
                        .sorted()
                        .toList());
        patiently().until(() -> demo.borrowed() == 0);
        lendsEverySlot();
    }

    @Test
    @DisplayName("in observe mode it only tells what it would have done")
    void observed(@TempDir Path directory) {
        try (RunningDemo observed = RunningDemo.start(
                directory.resolve("data"), "--pgheal.mode=observe", "--pgheal.diagnosis.deadline=30s")) {
            assertThat(observed.post("/api/users/alice/org-chart").status()).isEqualTo(500);

            assertThat(observed.login("alice", "secret").status()).isEqualTo(503);

            patiently()
                    .untilAsserted(() -> assertThat(observed.incidents())
                            .anyMatch(incident -> outcome(incident).equals("WOULD_HEAL")
                                    && reason(incident).contains("pgheal.mode is observe")
                                    && texts(incident.get("tables")).contains("user_login_info")));
            assertThat(observed.incidents())
                    .noneMatch(incident -> outcome(incident).equals("HEALED"));
            assertThat(observed.borrowed()).isEqualTo(1);
            assertThat(observed.login("bob", "secret").status()).isEqualTo(200);
            assertThat(observed.login("carol", "secret").status()).isEqualTo(200);
        }
    }

    @Test
    @DisplayName("work that is slow, but alive, is spared, and reported while somebody waits")
    void slowWorkIsSpared() throws Exception {
        int rounds = heldUpUntil("slow-but-alive", () -> !told().isEmpty());

        JsonNode incident = theFirst();
        assertThat(incident.get("diagnosis").asString()).isEqualTo("STUCK_LOCK");
        assertThat(outcome(incident)).isEqualTo("REPORTED");
        assertThat(reason(incident)).startsWith("its owner looks alive, and no time limit is set");
        assertThat(texts(incident.get("tables"))).contains("user_login_info");
        assertThat(incident.get("waiters")).isNotEmpty();
        assertThat(told()).hasSizeBetween(1, rounds);
        assertThat(healed()).isEmpty();
    }

    @Test
    @DisplayName("what was handed over is spared, though its thread has ended, and told as retained")
    void handedOverIsSpared() throws Exception {
        heldUpUntil("handed-over", () -> told().stream().anyMatch(DemoHealedTest::isRetained));

        assertThat(told()).allMatch(incident -> outcome(incident).equals("REPORTED"));
        JsonNode incident =
                told().stream().filter(DemoHealedTest::isRetained).findFirst().orElseThrow();
        assertThat(evidence(incident)).contains("OWNER_ENDED SUSPICION");
        assertThat(incident.at("/proof/answered").asInt()).isPositive();
    }

    private static boolean isRetained(JsonNode incident) {
        return reason(incident).startsWith("retained: ");
    }

    @Test
    @DisplayName("somebody else's session is spared, and the blocking tree says why")
    void foreignSessionIsSpared() throws Exception {
        int rounds = heldUpUntil(
                "foreign-session",
                () -> demo.roots().stream()
                        .anyMatch(
                                root -> root.at("/applicationName").asString("").equals("some-other-app")
                                        && !root.at("/ours").asBoolean(true)
                                        && root.at("/reason")
                                                .asString("")
                                                .startsWith("not one of our connections: reported, never touched")));

        assertThat(told())
                .hasSizeBetween(1, rounds)
                .allMatch(incident -> incident.get("diagnosis").asString().equals("FOREIGN_BLOCKER"))
                .allMatch(incident -> outcome(incident).equals("REPORTED"));
    }

    @Test
    @DisplayName("a leak in an executor is proven by the garbage collector, which is asked because somebody waits")
    void leakInExecutor() {
        strikeInTheBackground("leak-in-executor");

        loggedIn("leak-in-executor", demo.login("alice", "secret"));

        assertThat(evidence(theOneHealed())).contains("HANDLE_UNREACHABLE CERTAIN");
    }

    @Test
    @DisplayName("a leak in a virtual thread is proven, too")
    void leakInVirtualThread() {
        assumeTrue(Runtime.version().feature() >= 21, "virtual threads need Java 21");
        strikeInTheBackground("leak-in-virtual-thread");

        loggedIn("leak-in-virtual-thread", demo.login("alice", "secret"));

        assertThat(evidence(theOneHealed())).contains("HANDLE_UNREACHABLE CERTAIN");
    }

    @Test
    @DisplayName("a swallowed error is proven by the garbage collector")
    void swallowedError() {
        assertThat(demo.post("/api/faults/swallowed-error").status()).isEqualTo(200);

        loggedIn("swallowed-error", demo.login("alice", "secret"));

        assertThat(evidence(theOneHealed())).contains("HANDLE_UNREACHABLE CERTAIN");
    }

    @Test
    @DisplayName("no borrower gets a poisoned connection")
    void poisonedConnection() {
        // Up to ten; a busy machine gets through fewer in the time that the fault allows itself, and is asked again.
        for (int overflows = 0; overflows < 2; ) {
            RunningDemo.Answer answer = demo.post("/api/faults/poisoned-connection");

            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.json().get("wrong").asInt()).as(answer.body()).isZero();
            assertThat(answer.json().get("nextBorrowers").valueStream())
                    .isNotEmpty()
                    .allMatch(
                            borrower -> borrower.get("overflow").asString().startsWith("java.lang.StackOverflowError"));
            overflows += answer.json().get("overflows").asInt();
        }
        lendsEverySlot();
    }

    @Test
    @DisplayName("a lost reader is ended, and the migration and everybody behind it go on")
    void convoy() {
        assertThat(demo.post("/api/faults/convoy").status()).isEqualTo(202);
        patiently()
                .until(() -> demo.get("/api/status").body().contains("ALTER TABLE user_login_info")
                        || "the table is altered".equals(result("convoy")));

        for (String username : EVERYBODY) {
            loggedIn("convoy", demo.login(username, "secret"));
        }

        JsonNode incident = theOneHealed();
        assertThat(evidence(incident)).contains("HANDLE_UNREACHABLE CERTAIN");
        assertThat(texts(incident.get("borrowStack"))).anyMatch(frame -> frame.contains("OrgChartExport"));
        patiently().until(() -> "the table is altered".equals(result("convoy")));
    }

    /**
     * Starts what holds alice's row for three seconds, and a login of hers that has to wait for it; both end well. A machine
     * that does not see in that time what has to be seen gets twice the time. Returns how often it was started.
     */
    private int heldUpUntil(String kind, Callable<Boolean> seen) throws Exception {
        for (int round = 1, seconds = 3; seconds <= 48; round++, seconds *= 2) {
            assertThat(demo.post("/api/faults/" + kind + "?seconds=" + seconds).status())
                    .isEqualTo(202);
            patiently()
                    .until(() -> demo.get("/api/status").body().contains("user_login_info RowExclusiveLock")
                            || result(kind) != null);
            CompletableFuture<RunningDemo.Answer> login = demo.loginMeanwhile("alice");
            boolean[] wasSeen = new boolean[1];
            patiently().until(() -> {
                wasSeen[0] |= seen.call();
                return wasSeen[0] || result(kind) != null;
            });
            loggedIn(kind, login.get());
            patiently().until(() -> "committed".equals(result(kind)));
            if (wasSeen[0]) {
                return round;
            }
        }
        throw new AssertionError(kind + " was never seen to hold anybody up");
    }

    /** The faults end threads by errors: that is no trouble of the test. */
    private static ConditionFactory patiently() {
        return await().dontCatchUncaughtExceptions().atMost(PATIENCE);
    }

    private void strikeInTheBackground(String kind) {
        assertThat(demo.post("/api/faults/" + kind).status()).isEqualTo(202);
        patiently().until(() -> result(kind), result -> result != null && result.contains("StackOverflowError"));
    }

    private String result(String kind) {
        List<JsonNode> runs = demo.background(kind);
        // The newest comes first; of the two of a convoy that is the migration.
        return runs.isEmpty() ? null : runs.get(0).get("result").asString(null);
    }

    private void logInUntil(AtomicBoolean enough, int first, Queue<RunningDemo.Answer> answers) {
        for (int i = first; !enough.get(); i++) {
            answers.add(demo.login(one(i), "secret"));
        }
    }

    private static String one(int number) {
        return EVERYBODY.get(number % EVERYBODY.size());
    }

    /** The incidents of this test, the newest first. */
    private List<JsonNode> told() {
        return demo.incidents().stream()
                .filter(incident -> !toldBefore.contains(id(incident)))
                .toList();
    }

    private List<JsonNode> healed() {
        return told().stream()
                .filter(incident -> outcome(incident).equals("HEALED"))
                .toList();
    }

    private JsonNode theFirst() {
        List<JsonNode> told = told();
        return told.isEmpty() ? null : told.get(told.size() - 1);
    }

    /** The login can be faster than the telling of why it works. */
    private JsonNode theOneHealed() {
        patiently().until(() -> !healed().isEmpty());
        assertThat(healed()).hasSize(1);
        // Seen in the way before its owner was seen gone: then it is told of twice.
        assertThat(told()).allMatch(incident -> Set.of("HEALED", "REPORTED").contains(outcome(incident)));
        JsonNode incident = healed().get(0);
        assertThat(incident.get("timeToHealMillis").isNumber()).isTrue();
        say(evidence(incident) + " healed within " + incident.get("timeToHealMillis") + " ms");
        return incident;
    }

    private static void loggedIn(String after, RunningDemo.Answer login) {
        say("after " + after + " the login took " + login.took().toMillis() + " ms: " + login.status());
        assertThat(login.status()).as(login.body()).isEqualTo(200);
    }

    private static String counted(Collection<RunningDemo.Answer> logins) {
        long longest = logins.stream()
                .mapToLong(login -> login.took().toMillis())
                .max()
                .orElse(0);
        return logins.stream().collect(Collectors.groupingBy(RunningDemo.Answer::status, Collectors.counting()))
                + " logins by status, the longest " + longest + " ms";
    }

    private static void say(String what) {
        System.out.println("[demo] " + what);
    }

    private static String id(JsonNode incident) {
        return incident.get("id").asString();
    }

    private static String outcome(JsonNode incident) {
        return incident.get("outcome").asString();
    }

    private static String reason(JsonNode incident) {
        return incident.at("/decision/reason").asString();
    }

    private static List<String> evidence(JsonNode incident) {
        return incident.get("evidence")
                .valueStream()
                .map(one ->
                        one.get("kind").asString() + " " + one.get("strength").asString())
                .toList();
    }

    private static List<String> texts(JsonNode list) {
        return list.valueStream().map(JsonNode::asString).toList();
    }

    private void lendsEverySlot() {
        List<Connection> all = new ArrayList<>();
        try {
            for (int slot = 0; slot < 10; slot++) {
                all.add(borrowed(() -> demo.dataSource().getConnection()));
            }
            assertThat(all).allMatch(connection -> borrowed(() -> connection.isValid(5)));
        } finally {
            for (Connection connection : all) {
                borrowed(() -> {
                    connection.close();
                    return true;
                });
            }
        }
    }

    private static <T> T borrowed(Callable<T> call) {
        try {
            return call.call();
        } catch (Exception e) {
            throw new AssertionError("the pool does not lend all its connections", e);
        }
    }
}
