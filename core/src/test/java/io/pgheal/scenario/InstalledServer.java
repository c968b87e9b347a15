package io.pgheal.scenario;

import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.Sql;
import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.opentest4j.TestAbortedException;

/**
 * A server of the machine's own packages, whose messages are translated as those of the embedded one are not. A cluster of its
 * own in a temporary folder; whatever runs on this machine is left alone.
 *
 * <p>Its programs are those in {@code -Dpgheal.test.installed=/folder/bin}, else the newest in {@code /usr/lib/postgresql}.
 * Where there are none, or they do not speak the language, the tests are skipped.
 */
final class InstalledServer implements BeforeAllCallback, AfterAllCallback {
    static final String SUPERUSER = "postgres";

    private final String language;
    private Path folder;
    private Process server;
    private Thread atTheEnd;
    private int port;

    /** @param language as gettext calls it */
    InstalledServer(String language) {
        this.language = language;
    }

    String url() {
        return "jdbc:postgresql://localhost:" + port + "/postgres";
    }

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        Path programs = programs();
        folder = Files.createTempDirectory("pgheal-installed-");
        String data = folder.resolve("data").toString();
        run(programs.resolve("initdb") + "", "-D", data, "-U", SUPERUSER, "-A", "trust", "--locale=C.UTF-8", "-N");
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        server = process(List.of(
                        programs.resolve("postgres") + "",
                        "-D",
                        data,
                        "-p",
                        port + "",
                        "-k",
                        folder + "",
                        "-c",
                        "listen_addresses=localhost",
                        "-c",
                        "lc_messages=C.UTF-8",
                        "-c",
                        "fsync=off"))
                .start();
        atTheEnd = new Thread(server::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(atTheEnd);
        await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
            DriverManager.getConnection(url(), SUPERUSER, "").close();
            return true;
        });
        String message = failure("SELECT 1 / 0");
        if (message.contains("division by zero")) {
            throw new TestAbortedException(
                    "skipped: the PostgreSQL in " + programs + " has no messages in '" + language + "': " + message);
        }
    }

    private static Path programs() throws IOException {
        String named = System.getProperty("pgheal.test.installed");
        if (named != null) {
            return Path.of(named);
        }
        Path debian = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(debian)) {
            try (Stream<Path> versions = Files.list(debian)) {
                List<Path> found = versions.map(version -> version.resolve("bin"))
                        .filter(bin -> Files.isExecutable(bin.resolve("initdb"))
                                && Files.isExecutable(bin.resolve("postgres")))
                        .sorted(Comparator.comparing(Path::toString).reversed())
                        .toList();
                if (!found.isEmpty()) {
                    return found.get(0);
                }
            }
        }
        throw new TestAbortedException(
                "skipped: no installed PostgreSQL in /usr/lib/postgresql (the embedded one speaks "
                        + "English only); install the package postgresql, or name its programs: -Dpgheal.test.installed=/folder/bin");
    }

    private String failure(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url(), SUPERUSER, "")) {
            Sql.run(connection, sql);
            return "";
        } catch (SQLException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private void run(String... command) throws Exception {
        Process process = process(List.of(command)).start();
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new TestAbortedException(
                    "skipped: " + command[0] + " failed: " + Files.readString(folder.resolve("log")));
        }
    }

    /** PostgreSQL does not run as root: there it is given a user of its own making. */
    private ProcessBuilder process(List<String> command) {
        List<String> all = new ArrayList<>();
        if ("root".equals(System.getProperty("user.name"))) {
            all.addAll(List.of("unshare", "-U"));
        }
        all.addAll(command);
        File log = folder.resolve("log").toFile();
        ProcessBuilder builder =
                new ProcessBuilder(all).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log));
        builder.environment().keySet().removeIf(name -> name.startsWith("LC_"));
        builder.environment().put("LANG", "C.UTF-8");
        builder.environment().put("LANGUAGE", language);
        return builder;
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        if (server != null) {
            new ProcessBuilder("kill", "-INT", server.pid() + "").start().waitFor(); // does not wait for its clients
            if (!server.waitFor(30, TimeUnit.SECONDS)) {
                server.destroyForcibly().waitFor();
            }
            Runtime.getRuntime().removeShutdownHook(atTheEnd);
        }
        if (folder != null) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
    }
}
