package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.LoginApplication;
import io.pgheal.testserver.PostgresServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The console is there when it is asked for, with all its files and no others. What it does is seen in a browser. */
class ConsoleEndpointTest {
    private static final Pattern REFERENCE = Pattern.compile("(?:src|href)=\"(pghealconsole/[^\"]+)\"");
    private static final Pattern IMPORT = Pattern.compile("from '\\./([^']+)'");

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @Test
    void thePageAndEverythingThatItNamesAreServed() {
        try (RunningApplication application =
                RunningApplication.start(LoginApplication.class, SERVER, "pgheal.console.enabled=true")) {
            HttpResponse<String> page = application.get("/actuator/pghealconsole");
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.headers().firstValue("Content-Type"))
                    .hasValueSatisfying(type -> assertThat(type).startsWith("text/html"));
            assertServed(application, page.body(), REFERENCE, "");
            assertServed(
                    application,
                    application.get("/actuator/pghealconsole/console.js").body(),
                    IMPORT,
                    "pghealconsole/");
            assertThat(application.get("/actuator/pghealconsole/console.html").statusCode())
                    .isEqualTo(404);
            assertThat(application
                            .get("/actuator/pghealconsole/..%2f..%2fapplication.properties")
                            .statusCode())
                    .isGreaterThanOrEqualTo(400);
        }
    }

    private static void assertServed(RunningApplication application, String text, Pattern names, String folder) {
        Matcher name = names.matcher(text);
        int found = 0;
        while (name.find()) {
            found++;
            HttpResponse<String> file = application.get("/actuator/" + folder + name.group(1));
            assertThat(file.statusCode()).as(name.group(1)).isEqualTo(200);
            assertThat(file.headers().firstValue("Content-Type"))
                    .as(name.group(1))
                    .isNotEmpty();
        }
        assertThat(found).isGreaterThanOrEqualTo(3);
    }

    /** The name of a session or the text of a statement comes from anybody who may connect to the database. */
    @Test
    void everythingIsBuiltFromText() throws IOException {
        Set<String> scripts = new LinkedHashSet<>(Set.of("console.js"));
        for (List<String> next = List.copyOf(scripts); !next.isEmpty(); ) {
            List<String> found = new ArrayList<>();
            for (String script : next) {
                String text = resource(script);
                assertThat(text)
                        .as(script)
                        .doesNotContainPattern("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|DOMParser|"
                                + "createContextualFragment|srcdoc|\\beval\\(|new Function");
                Matcher name = IMPORT.matcher(text);
                while (name.find()) {
                    found.add(name.group(1));
                }
            }
            found.removeIf(script -> !scripts.add(script));
            next = found;
        }
        assertThat(scripts).contains("elements.js", "tree.js", "incidents.js");
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = ConsoleEndpointTest.class.getResourceAsStream("/io/pgheal/console/" + name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void itIsClosedByDefault() {
        try (RunningApplication application = RunningApplication.start(LoginApplication.class, SERVER)) {
            assertThat(application.get("/actuator/pghealconsole").statusCode()).isEqualTo(404);
        }
    }
}
