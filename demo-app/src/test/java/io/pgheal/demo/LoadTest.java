package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.pgheal.demo.load.LoadGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the load generator prints tells the disaster from its cure. */
class LoadTest {
    private static final Pattern LINE = Pattern.compile("logins per second (\\d+), stuck (\\d+), healed (\\d+)");

    private record Second(int logins, int stuck, int healed) {
        static Second parse(String line) {
            Matcher matcher = LINE.matcher(line);
            assertThat(matcher.matches()).as(line).isTrue();
            return new Second(
                    Integer.parseInt(matcher.group(1)),
                    Integer.parseInt(matcher.group(2)),
                    Integer.parseInt(matcher.group(3)));
        }
    }

    @Test
    @Tag("thorough")
    void withPghealNobodyStaysStuck(@TempDir Path directory) throws Exception {
        try (RunningDemo demo = RunningDemo.start(directory.resolve("data"))) {
            assertSeen(demo, seconds -> {
                Second last = seconds.get(seconds.size() - 1);
                assertThat(last.healed()).isPositive();
                assertThat(last.stuck()).isZero();
                assertThat(last.logins()).isPositive();
            });
        }
    }

    @Test
    @Tag("thorough")
    void withoutPghealAllAreStuckInTheEnd(@TempDir Path directory) throws Exception {
        try (RunningDemo demo = RunningDemo.start(directory.resolve("data"), "--pgheal.enabled=false")) {
            assertSeen(demo, seconds -> {
                Second last = seconds.get(seconds.size() - 1);
                assertThat(last.logins()).isZero();
                assertThat(last.healed()).isZero();
                assertThat(seconds)
                        .anyMatch(second -> second.stuck() == 3); // until their attempts fail, and they try again
            });
        }
    }

    @Test
    void whereNoDemoIsItSaysSo() {
        assertThatThrownBy(() -> LoadGenerator.run(System.out, "--url=http://localhost:1"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no demo answers at http://localhost:1");
    }

    @Test
    void whatAnswersOtherwiseIsNoDemo() throws IOException {
        HttpServer other = HttpServer.create(new InetSocketAddress("localhost", 0), 0);
        other.start();
        try {
            int port = other.getAddress().getPort();
            assertThatThrownBy(() -> LoadGenerator.run(System.out, "--url=http://localhost:" + port + "/"))
                    .isInstanceOf(IOException.class)
                    .hasMessage("no demo is at http://localhost:" + port + ": its meters answer 404");
        } finally {
            other.stop(0);
        }
    }

    /** What comes of it in the end is seen on any machine; on a slow one the end comes later. */
    private static void assertSeen(RunningDemo demo, Consumer<List<Second>> effect) throws Exception {
        for (int seconds = 8; ; seconds *= 2) {
            List<Second> told = load(demo, seconds);
            try {
                effect.accept(told);
                return;
            } catch (AssertionError notYet) {
                if (seconds > 32) {
                    throw notYet;
                }
            }
        }
    }

    private static List<Second> load(RunningDemo demo, int seconds) throws Exception {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        LoadGenerator.run(
                new PrintStream(printed, true, StandardCharsets.UTF_8),
                "--url=" + demo.url(""),
                "--clients=3",
                "--seconds=" + seconds,
                "--fault-rate=2");
        List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
        lines.forEach(line -> System.out.println("[demo] " + line));
        assertThat(lines).hasSize(seconds);
        return lines.stream().map(Second::parse).toList();
    }
}
