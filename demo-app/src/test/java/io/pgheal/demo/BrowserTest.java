package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.demo.RunningDemo.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;

/** The demo's page and the console, as a person sees and uses them. */
@Tag("long")
class BrowserTest {
    @TempDir
    static Path data;

    private static RunningDemo demo;

    private Browser browser;

    @BeforeAll
    static void start() {
        demo = RunningDemo.start(data.resolve("db"));
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

    @Test
    void theStoryIsSeenOnThePage() throws IOException {
        browser.show(demo.url("/"));
        browser.awaitText("#guard", "pgheal heals");
        browser.click("#login button");
        browser.awaitText("#attempts li", "alice");

        browser.click("#fault-list li:first-child button");
        browser.awaitText("#incidents li", "abandoned transaction");
        browser.awaitText("#incidents li", "user_login_info");

        browser.click("#login button");
        await().until(() -> browser.count("#attempts li.good") >= 2);
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

        assertThat(login.get(20, TimeUnit.SECONDS).status()).isEqualTo(200);
        browser.awaitText("#tree-note", "Nobody waits for anybody");
        browser.awaitText("#state", "nobody is stuck");
        browser.awaitText("#incidents summary", "operators choice");
        browser.click("#incidents summary");
        browser.awaitText("#incidents .story", "night-watch");
        onlyItsOwn();
    }

    @Test
    void theConsoleSwitchesTheModeAndFitsOnAPhone() throws Exception {
        browser.size(500, 900); // headless Chromium goes no narrower
        browser.show(demo.url("/actuator/pghealconsole"));
        browser.awaitText(".source .mode", "heal");
        browser.click(".modes button:nth-child(2)");
        browser.awaitText(".source .mode", "observe");
        CompletableFuture<Answer> login = lockOutFromOutside("carol");
        browser.awaitText("#state", "somebody is stuck");
        assertThat(browser.isWiderThanItsWindow()).isFalse();
        browser.screenshot("console-phone");
        browser.click(".modes button:nth-child(1)");
        browser.awaitText(".source .mode", "heal");
        login.get(20, TimeUnit.SECONDS); // 503 or, when the fault ends first, 200: nobody ended it
        onlyItsOwn();
    }

    /** Another application holds the user's row; the login waits for it, for 5 s at most. */
    private static CompletableFuture<Answer> lockOutFromOutside(String user) {
        Answer fault = demo.post("/api/faults/foreign-session?username=" + user);
        assertThat(fault.status()).as(fault.body()).isLessThan(300);
        return CompletableFuture.supplyAsync(() -> demo.login(user, "secret"));
    }

    /** Nothing came from anywhere else, and nothing went wrong in the page. */
    private void onlyItsOwn(String... expected) {
        assertThat(browser.loaded()).isNotEmpty().allMatch(address -> address.startsWith(demo.url("/")));
        assertThat(browser.complaints())
                .hasSizeLessThanOrEqualTo(expected.length)
                .allMatch(complaint -> expected.length > 0 && complaint.contains("500"));
    }
}
