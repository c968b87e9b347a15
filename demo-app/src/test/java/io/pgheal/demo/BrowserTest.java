package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.SelfHealingDataSource;
import io.pgheal.decide.HealingMode;
import io.pgheal.demo.RunningDemo.Answer;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.track.LeaseScope;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** The demo's page and the console, as a person sees and uses them. */
@Tag("thorough")
class BrowserTest {
    @TempDir
    static Path data;

    private static RunningDemo demo;

    private Browser browser;

    @BeforeAll
    static void start() {
        // Who is locked out stays so until the test sets him free, however slow the browser is.
        demo = RunningDemo.start(
                data.resolve("db"), "--demo.login-lock-timeout=10m", "--pgheal.diagnosis.deadline=30s");
    }

    @AfterAll
    static void stop() {
        demo.close();
    }

    @BeforeEach
    void open() throws IOException {
        browser = Browser.open();
    }

    @AfterEach
    void close() throws IOException {
        if (browser != null) {
            browser.close();
        }
    }

    /** Whatever became of the test: the next one begins with nobody in anybody's way. */
    @AfterEach
    void leaveNobodyStuck() throws SQLException {
        guard().mode(HealingMode.HEAL);
        try (Connection connection = guard().getConnection()) {
            execute(
                    connection,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'some-other-app'");
        }
        await().until(() -> demo.get("/api/status").json().get("sessions").isEmpty() && demo.borrowed() == 0);
    }

    private static SelfHealingDataSource guard() throws SQLException {
        return demo.dataSource().unwrap(SelfHealingDataSource.class);
    }

    @Test
    void theStoryIsSeenOnThePage() throws IOException {
        browser.show(demo.url("/"));
        browser.awaitText("#guard", "pgheal heals");
        browser.find("#login button").click();
        browser.awaitText("#attempts li.good", "alice");

        browser.find("#fault-list li:first-child button").click();
        browser.awaitText("#incidents li", "abandoned transaction");
        browser.awaitText("#incidents li", "user_login_info");

        browser.find("#login button").click();
        browser.awaitText("#attempts li.good:nth-child(2)", "alice");
        assertThat(browser.count("#attempts li.bad")).isZero();
        browser.screenshot("demo");
        onlyItsOwn("the fault itself answers 500");
    }

    @Test
    void anOperatorSeesWhoIsStuckAndEndsIt() throws Exception {
        CompletableFuture<Answer> login = lockOutFromOutside("bob");
        browser.size(1280, 1000);
        browser.show(demo.url("/actuator/pghealconsole"));

        browser.awaitText("#state", "somebody is stuck");
        browser.awaitText("#tree .node.root", "some-other-app");
        browser.awaitText("#tree .tree ul .node", "waits for user_login_info");
        browser.awaitText("#leases li", "transaction open");
        browser.screenshot("console-stuck");

        // By keyboard alone: from the button to the dialog, and through it.
        browser.find("#tree button.danger").sendKeys(Keys.ENTER);
        browser.awaitText("#act-title", "End the session");
        browser.find("#act-terminate");
        browser.find("#operator").sendKeys("night-watch", Keys.TAB, Keys.TAB);
        assertThat(browser.focused().getAttribute("id")).isEqualTo("act-terminate");
        assertThat(login).as("seen, not yet touched").isNotDone();
        browser.screenshot("console-act");
        browser.focused().sendKeys(Keys.ENTER);
        browser.awaitText("#act-answer", "healed");
        browser.find("#act-close").sendKeys(Keys.ENTER);

        assertThat(login.get().status()).isEqualTo(200);
        browser.awaitText("#tree-note", "Nobody waits for anybody");
        browser.awaitText("#state", "nobody is stuck");
        browser.awaitText("#incidents summary", "operators choice");
        browser.find("#incidents li.good summary").click();
        browser.awaitText("#incidents .story", "night-watch");
        onlyItsOwn();
    }

    @Test
    void theConsoleSwitchesTheModeAndFitsOnAPhone() throws Exception {
        browser.phone(360, 780);
        browser.show(demo.url("/actuator/pghealconsole"));
        browser.awaitText(".source .mode", "heal");
        browser.find(".modes button:nth-child(2)").click();
        browser.awaitText(".source .mode", "observe");
        CompletableFuture<Answer> login = lockOutFromOutside("carol");
        browser.awaitText("#state", "somebody is stuck");
        browser.find("#table").sendKeys("user_login_info", Keys.ENTER);
        browser.awaitText("#locks td", "waits");
        assertThat(browser.isWiderThanItsWindow()).isFalse();
        browser.screenshot("console-phone");
        browser.find(".modes button:nth-child(1)").click();
        browser.awaitText(".source .mode", "heal");
        assertThat(login).as("nobody ended it").isNotDone();
        setFree(login);
        onlyItsOwn();
    }

    /** The hand-written query of the story as one question, and the keyboard is enough for it. */
    @Test
    void whoHoldsATableIsAskedAndTheTableSetFreeByKeyboardAlone() throws Exception {
        CompletableFuture<Answer> login = lockOutFromOutside("alice");
        browser.size(1280, 1000);
        browser.show(demo.url("/actuator/pghealconsole"));
        browser.awaitText("#state", "somebody is stuck");
        browser.find("#table").sendKeys("user_login_info", Keys.ENTER);
        browser.awaitText("#locks tr", "some-other-app");
        browser.awaitText("#locks tr", "holds");
        browser.awaitText("#locks tr", "waits");
        browser.awaitText("#locks-note", "user_login_info");
        browser.screenshot("console-locks");

        browser.find("#table").sendKeys(Keys.TAB);
        assertThat(browser.focused().getText()).isEqualTo("Show its locks");
        browser.focused().sendKeys(Keys.TAB);
        assertThat(browser.focused().getAttribute("id")).isEqualTo("free");
        browser.focused().sendKeys(Keys.ENTER);
        browser.awaitText("#act-title", "Who stands in the way of user_login_info in dataSource?");
        browser.awaitText("#act-hits .node", "some-other-app");
        browser.find("#act-terminate");
        assertThat(login).as("only shown, not done").isNotDone();
        browser.focused().sendKeys(Keys.ESCAPE);
        assertThat(browser.find("#free").isDisplayed()).isTrue();
        assertThat(login).as("Escape does nothing").isNotDone();

        browser.find("#free").sendKeys(Keys.ENTER);
        browser.find("#act-terminate");
        browser.find("#operator").sendKeys("night-watch", Keys.TAB, Keys.TAB);
        browser.focused().sendKeys(Keys.ENTER);
        browser.awaitText("#act-answer", "healed");
        assertThat(login.get().status()).isEqualTo(200);
        onlyItsOwn();
    }

    @ParameterizedTest
    @ValueSource(strings = {"light", "dark"})
    void everyTextIsReadable(String scheme) throws Exception {
        CompletableFuture<Answer> login = lockOutFromOutside("bob");
        browser.size(1280, 1400);
        browser.prefers(scheme);
        browser.show(demo.url("/actuator/pghealconsole"));
        browser.awaitText("#state", "somebody is stuck");
        browser.find("#table").sendKeys("user_login_info", Keys.ENTER);
        browser.awaitText("#locks td", "waits");
        browser.screenshot("console-" + scheme);

        assertThat(browser.contrasts())
                .hasSizeGreaterThan(30)
                .allSatisfy((text, contrast) -> assertThat(contrast).as(text).isGreaterThanOrEqualTo(4.5));
        String shown = browser.background();
        browser.prefers(scheme.equals("light") ? "dark" : "light");
        assertThat(browser.background()).isNotEqualTo(shown);
        setFree(login);
    }

    /** What looks like the leak, and is alive: the collector is asked, and both pages tell what came of it. */
    @Test
    void whatTheCollectorToldIsSeenOnBothPages() throws Exception {
        browser.size(1280, 1400);
        browser.show(demo.url("/"));
        demo.post("/api/faults/handed-over?seconds=600&username=bob");
        CompletableFuture<Answer> login = demo.loginMeanwhile("bob");
        try {
            tellsOfTheRetainedOne();
            assertThat(login).as("nobody ended it").isNotDone();
        } finally {
            setFree(login);
        }
        onlyItsOwn();
    }

    private void tellsOfTheRetainedOne() throws IOException {
        browser.awaitText("#incidents li", "retained: its owner looks gone");
        browser.awaitText("#collector", "last answer took");
        browser.awaitText("#collector", "longest stop");
        assertThat(browser.texts("#collector").get(0)).containsPattern("asked\\s+(once|twice|\\d+ times)");
        for (String scheme : List.of("light", "dark")) {
            browser.prefers(scheme);
            browser.screenshot("demo-retained-" + scheme);
            assertThat(browser.contrasts())
                    .hasSizeGreaterThan(30)
                    .allSatisfy((text, contrast) ->
                            assertThat(contrast).as(scheme + " " + text).isGreaterThanOrEqualTo(4.5));
        }
        browser.phone(360, 780);
        assertThat(browser.isWiderThanItsWindow()).isFalse();

        browser.show(demo.url("/actuator/pghealconsole"));
        browser.awaitText(".source", "1: its owner looks gone");
        browser.awaitText(".source", "answered");
        browser.awaitText("#tree .root", "retained: its owner looks gone");
        browser.find("#incidents li summary").click();
        browser.awaitText("#incidents .story", "longest stop");
        assertThat(browser.isWiderThanItsWindow()).isFalse();
        browser.screenshot("console-retained");
    }

    /** What a week of observing is for. */
    @Test
    void aRefutedJudgementIsShown() throws Exception {
        SelfHealingDataSource guard = guard();
        guard.mode(HealingMode.OBSERVE);
        Connection connection;
        try (LeaseScope scope = guard.scope("a unit of work that is not over")) {
            connection = guard.getConnection();
            connection.setAutoCommit(false);
            execute(
                    connection,
                    "UPDATE user_login_info SET org_chart_opened = org_chart_opened WHERE username = 'carol'");
        }
        await().until(() -> guard.incidents().stream().anyMatch(one -> one.outcome() == OutcomeKind.WOULD_HEAL));
        execute(connection, "SELECT 1");
        connection.rollback();
        connection.close();
        await().until(() -> guard.incidents().stream().anyMatch(one -> one.outcome() == OutcomeKind.REFUTED));

        browser.size(1280, 1000);
        browser.show(demo.url("/actuator/pghealconsole"));
        browser.awaitText("#refutations", "hit, or would have hit, live work");
        browser.find("#filter").sendKeys("refuted");
        await().until(() -> browser.count("#incidents > li") == 1);
        browser.awaitText("#incidents summary", "refuted");
        browser.find("#incidents summary").click();
        browser.awaitText("#incidents .story", "a unit of work that is not over");
        browser.screenshot("console-refuted");
        assertThat(browser.isWiderThanItsWindow()).isFalse();
        guard.mode(HealingMode.HEAL);
        onlyItsOwn();
    }

    /** A page that looks again every second must not take away what somebody is about to press, or is reading. */
    @Test
    void whatIsAboutToBePressedStaysWhileThePageIsDrawnAnew() throws Exception {
        lockOutFromOutside("bob");
        browser.size(1280, 1400);
        browser.show(demo.url("/actuator/pghealconsole"));
        browser.find("#table").sendKeys("user_login_info", Keys.ENTER);
        WebElement locks = browser.find("#locks .wide");
        browser.find("#table").sendKeys(" and more");
        WebElement story = browser.find("#incidents > li:last-child summary");
        story.click();
        String told = browser.texts("#incidents details[open] .story").get(0);
        WebElement mode = browser.find(".modes button");
        WebElement end = browser.find("#tree button.danger");
        String pid = browser.texts("#tree .root .pid").get(0);
        browser.focus(end);

        browser.awaitChanges("#tree .root .age", 4);
        lockOutFromOutside("alice"); // who comes first in the tree, and a new incident above the others
        browser.awaitText("#tree .tree > li:nth-child(2)", "some-other-app");
        browser.awaitChanges("#tree .root .age", 4);
        browser.screenshot("console-two-roots");

        assertThat(browser.focused()).isEqualTo(end);
        assertThat(mode.isDisplayed()).isTrue();
        assertThat(browser.find("#locks .wide")).isEqualTo(locks);
        assertThat(browser.find("#table").getAttribute("value")).isEqualTo("user_login_info and more");
        assertThat(story.isDisplayed()).isTrue();
        assertThat(browser.texts("#incidents details[open] .story")).containsExactly(told);

        browser.pressAndHold(end);
        browser.awaitChanges("#tree .root .age", 2);
        browser.letGo();
        browser.awaitText("#act-title", "End the session with " + pid);
        browser.find("#act-terminate");
        browser.awaitChanges("#tree .root .age", 2); // behind the dialog
        browser.find("#act-close").sendKeys(Keys.ENTER);
        assertThat(browser.focused()).isEqualTo(end);

        browser.focus(mode);
        browser.awaitChanges("#tree .root .age", 2);
        assertThat(browser.focused()).isEqualTo(mode);
        onlyItsOwn();
    }

    @Test
    void whatIsReadOnTheDemosPageStaysWhileItIsDrawnAnew() {
        browser.show(demo.url("/"));
        browser.find("#fault-list li:first-child button").sendKeys(Keys.ENTER);
        browser.awaitText("#fault-answer", "500");
        assertThat(browser.focused().getAttribute("aria-label")).isEqualTo("Break: Open the org chart");
        browser.awaitText("#incidents > li:first-child.good", "abandoned transaction");
        WebElement where = browser.find("#incidents > li:first-child details:first-of-type summary");
        where.sendKeys(Keys.ENTER);
        List<String> stack = browser.texts("#incidents details[open] pre");
        assertThat(stack).singleElement().asString().contains("OrgChart");

        demo.post("/api/users/bob/org-chart");
        lockOutFromOutside("carol");
        browser.awaitText("#sessions .waiting", "waits for pid");
        WebElement waiting = browser.find("#sessions .waiting");
        browser.awaitText("#incidents > li:nth-child(2)", "abandoned transaction");
        browser.awaitChanges("#sessions .waiting .age", 3);

        assertThat(waiting.isDisplayed()).isTrue();
        assertThat(browser.focused()).isEqualTo(where);
        assertThat(browser.texts("#incidents details[open] pre")).isEqualTo(stack);
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Another application holds the user's row, the login waits for it, and pgheal sees that. */
    private static CompletableFuture<Answer> lockOutFromOutside(String user) {
        int before = foreigners();
        Answer fault = demo.post("/api/faults/foreign-session?seconds=600&username=" + user);
        assertThat(fault.status()).as(fault.body()).isLessThan(300);
        await().until(() -> foreigners() > before);
        int stuckBefore = demo.roots().size();
        CompletableFuture<Answer> login = demo.loginMeanwhile(user);
        await().until(() -> demo.roots().size() > stuckBefore);
        return login;
    }

    /** A login takes such a lock, too, but not as another application. */
    private static int foreigners() {
        return (int) demo.get("/api/status")
                .json()
                .get("sessions")
                .valueStream()
                .filter(session -> session.get("application").asString().equals("some-other-app")
                        && session.get("locks").toString().contains("user_login_info RowExclusiveLock"))
                .count();
    }

    private static void setFree(CompletableFuture<Answer> login) throws Exception {
        demo.post(
                "/actuator/pghealrelease",
                "{\"table\":\"user_login_info\",\"dryRun\":false,\"operator\":\"the test\"}");
        assertThat(login.get().status()).isEqualTo(200);
    }

    /** Nothing came from anywhere else, and nothing went wrong in the page. */
    private void onlyItsOwn(String... expected) {
        assertThat(browser.loaded()).isNotEmpty().allMatch(address -> address.startsWith(demo.url("/")));
        assertThat(browser.complaints())
                .hasSizeLessThanOrEqualTo(expected.length)
                .allMatch(complaint -> expected.length > 0 && complaint.contains("500"));
    }
}
