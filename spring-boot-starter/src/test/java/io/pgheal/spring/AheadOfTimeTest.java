package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.PostgresServer;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.QueryExecutor;
import org.springframework.boot.SpringApplicationAotProcessor;

/** The way to a native image, but for the image: what Spring Boot generates ahead of time, compiled and run in a JVM. */
@Tag("thorough")
class AheadOfTimeTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @TempDir
    Path generated;

    @BeforeAll
    static void createTable() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE plain_rows (updates int)");
            statement.execute("INSERT INTO plain_rows VALUES (0)");
        }
    }

    @Test
    void whatWasGeneratedGuardsAndKeepsItsHints() throws Exception {
        Path classes = generated.resolve("classes");
        Process processor = java(
                SpringApplicationAotProcessor.class,
                null,
                PlainApplication.class.getName(),
                generated.resolve("sources").toString(),
                generated.resolve("resources").toString(),
                Files.createDirectories(classes).toString(),
                "com.example",
                "plain",
                "--test.url=" + SERVER.url(),
                "--test.user=" + SERVER.user(),
                "--spring.main.web-application-type=none");
        assertThat(endOf(processor)).isNotNull();

        assertThat(contents(generated.resolve("resources"), ".json"))
                .contains(BaseConnection.class.getName(), QueryExecutor.class.getName(), "io/pgheal/console/");
        compile(classes);

        Process application = java(
                PlainApplication.class,
                classes,
                "--test.url=" + SERVER.url(),
                "--test.user=" + SERVER.user(),
                "--spring.main.web-application-type=none");
        assertThat(endOf(application))
                .contains("AOT-processed")
                .contains("guarded: [plain, byHand]")
                .contains("plain: HEALED");
    }

    private static Process java(Class<?> main, Path before, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "-Dspring.aot.enabled=" + (before != null),
                "-cp",
                (before == null ? "" : before + File.pathSeparator) + System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(Arrays.asList(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static String endOf(Process process) throws Exception {
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    private void compile(Path classes) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "-nowarn",
                "-proc:none",
                "-d",
                classes.toString(),
                "-cp",
                classes + File.pathSeparator + System.getProperty("java.class.path")));
        try (Stream<Path> sources = Files.walk(generated.resolve("sources"))) {
            sources.map(Path::toString).filter(file -> file.endsWith(".java")).forEach(arguments::add);
        }
        assertThat(ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)))
                .isZero();
    }

    private static String contents(Path folder, String ending) throws IOException {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(ending)).toList()) {
                all.append(Files.readString(file).replace("\\/", "/"));
            }
        }
        return all.toString();
    }
}
