package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.NoSuchElementException;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** A headless Chromium, the machine's own; without one the test is skipped, and says so. */
final class Browser implements AutoCloseable {
    /** For what has to come sooner or later; how fast it comes is no matter. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ChromeDriver driver;
    private final Path profile;

    private Browser(ChromeDriver driver, Path profile) {
        this.driver = driver;
        this.profile = profile;
    }

    static Browser open() throws IOException {
        Optional<Path> chromium = first("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome");
        Optional<Path> chromedriver = first("/usr/bin/chromedriver", "/usr/lib/chromium-browser/chromedriver");
        Assumptions.assumeTrue(
                chromium.isPresent() && chromedriver.isPresent(),
                "SKIPPED: no Chromium with its driver on this machine (Debian: apt-get install chromium chromium-driver)");
        Path profile = Files.createTempDirectory("pgheal-browser");
        ChromeOptions options = new ChromeOptions();
        options.setBinary(chromium.orElseThrow().toFile());
        options.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + profile);
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        options.setCapability("goog:loggingPrefs", logs);
        ChromeDriverService service = new ChromeDriverService.Builder()
                .usingDriverExecutable(chromedriver.orElseThrow().toFile())
                .build();
        return new Browser(new ChromeDriver(service, options), profile);
    }

    private static Optional<Path> first(String... places) {
        return Stream.of(places).map(Path::of).filter(Files::isExecutable).findFirst();
    }

    void show(String url) {
        driver.get(url);
    }

    void size(int width, int height) {
        driver.manage().window().setSize(new Dimension(width, height));
    }

    /** As a phone of this width shows it: a window goes no narrower than 500 pixels. */
    void phone(int width, int height) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 2, "mobile", true));
    }

    /** @param scheme {@code light} or {@code dark} */
    void prefers(String scheme) {
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    String background() {
        return String.valueOf(driver.executeScript("return getComputedStyle(document.body).backgroundColor"));
    }

    /** The texts that are seen, each with its contrast to what is behind it, by the formula of the WCAG. */
    @SuppressWarnings("unchecked")
    Map<String, Double> contrasts() {
        Map<String, Number> found = (Map<String, Number>) driver.executeScript("""
                const rgb = (text) => text.match(/[0-9.]+/g).map(Number);
                const light = (color) => color.slice(0, 3).map((each) => each / 255)
                    .map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
                    .reduce((sum, each, i) => sum + each * [0.2126, 0.7152, 0.0722][i], 0);
                const behind = (node) => {
                  for (let at = node; at; at = at.parentElement) {
                    const color = rgb(getComputedStyle(at).backgroundColor);
                    if (color.length < 4 || color[3] > 0) {
                      return color;
                    }
                  }
                  return [255, 255, 255];
                };
                const found = {};
                for (const node of document.querySelectorAll('body *')) {
                  const text = [...node.childNodes].filter((each) => each.nodeType === Node.TEXT_NODE)
                      .map((each) => each.textContent.trim()).join('');
                  if (text && node.checkVisibility() && !node.disabled && !node.closest('.skip')) {
                    const [one, other] = [light(rgb(getComputedStyle(node).color)), light(behind(node))];
                    found[`${node.tagName}.${node.className} ${text}`] =
                        (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
                  }
                }
                return found;
                """);
        Map<String, Double> contrasts = new TreeMap<>();
        found.forEach((text, contrast) -> contrasts.put(text, contrast.doubleValue()));
        return contrasts;
    }

    WebElement find(String selector) {
        return await().atMost(PATIENCE)
                .ignoreException(NoSuchElementException.class)
                .until(() -> driver.findElement(By.cssSelector(selector)), WebElement::isDisplayed);
    }

    int count(String selector) {
        return driver.findElements(By.cssSelector(selector)).size();
    }

    /** The element that the keyboard is at. */
    WebElement focused() {
        return driver.switchTo().activeElement();
    }

    /** Sets the keyboard's focus, as many presses of Tab would. */
    void focus(WebElement element) {
        driver.executeScript("arguments[0].focus()", element);
    }

    void pressAndHold(WebElement element) {
        new Actions(driver).clickAndHold(element).perform();
    }

    void letGo() {
        new Actions(driver).release().perform();
    }

    void awaitText(String selector, String text) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(texts(selector))
                        .anySatisfy(one -> assertThat(one).containsIgnoringCase(text)));
    }

    /** Waits until what changes all the time has done so again and again. */
    void awaitChanges(String selector, int times) {
        Set<List<String>> seen = new HashSet<>();
        await().atMost(PATIENCE).until(() -> {
            seen.add(texts(selector));
            return seen.size() > times;
        });
    }

    /** What is seen of them all at one moment: in the next a row may be gone. */
    @SuppressWarnings("unchecked")
    List<String> texts(String selector) {
        return (List<String>) driver.executeScript(
                "return [...document.querySelectorAll(arguments[0])]"
                        + ".map((each) => (each.checkVisibility() ? each.innerText : ''))",
                selector);
    }

    /** Whether the page can be scrolled sideways: on a phone nothing may stand out. */
    boolean isWiderThanItsWindow() {
        return Boolean.TRUE.equals(driver.executeScript(
                "return document.documentElement.scrollWidth > document.documentElement.clientWidth"));
    }

    /** Every address that the page has loaded anything from. */
    @SuppressWarnings("unchecked")
    List<String> loaded() {
        return (List<String>)
                driver.executeScript("return performance.getEntriesByType('resource').map(each => each.name)");
    }

    List<String> complaints() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
                .map(entry -> entry.getMessage())
                .toList();
    }

    void screenshot(String name) throws IOException {
        Path folder = Files.createDirectories(Path.of("target", "screenshots"));
        Files.write(folder.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
    }

    @Override
    public void close() throws IOException {
        driver.quit();
        try (Stream<Path> files = Files.walk(profile)) {
            files.sorted(java.util.Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }
}
