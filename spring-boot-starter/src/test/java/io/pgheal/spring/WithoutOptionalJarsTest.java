package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.PostgresServer;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Applications from whose class path a jar is really missing, each in a JVM of its own: a class that is loaded all the
 * same fails here, and does not with a class loader that only hides it from Spring.
 */
@Tag("thorough")
class WithoutOptionalJarsTest {

    private static final String JDBC =
            "spring-tx|spring-jdbc|spring-boot-(starter-)?jdbc|spring-boot-transaction" + "|spring-boot-persistence";
    private static final String ACTUATOR = "actuator|spring-boot-health";
    private static final String METERS = "micrometer-(core|registry)";
    private static final String POOL = "HikariCP";
    private static final String WEB = "tomcat|jakarta.servlet|spring-web|spring-boot-(starter-)?web";

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @BeforeAll
    static void createTable() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE plain_rows (updates int)");
            statement.execute("INSERT INTO plain_rows VALUES (0)");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                METERS,
                ACTUATOR,
                ACTUATOR + "|" + METERS,
                WEB,
                POOL,
                JDBC,
                POOL + "|" + JDBC,
                ACTUATOR + "|" + METERS + "|" + WEB + "|" + POOL + "|" + JDBC + "|jackson"
            })
    void theApplicationStartsAndHeals(String missing) throws Exception {
        Process application = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classPathWithout(missing),
                        PlainApplication.class.getName(),
                        "--test.url=" + SERVER.url(),
                        "--test.user=" + SERVER.user(),
                        "--server.port=0",
                        "--management.endpoints.web.exposure.include=*")
                .redirectErrorStream(true)
                .start();
        String output = new String(application.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(application.waitFor()).as(output).isZero();
        assertThat(output)
                .contains("guarded: [plain, byHand]", "plain: HEALED, revoked: true", "byHand: HEALED, revoked: true")
                .doesNotContain("could not guard", "ClassNotFound", "NoClassDef");
    }

    private static String classPathWithout(String missing) {
        Pattern jars = Pattern.compile("^(" + missing + "|spring-boot-(starter-)?(" + missing + "))");
        List<String> kept = new ArrayList<>();
        boolean some = false;
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (jars.matcher(new File(entry).getName()).find()) {
                some = true;
            } else {
                kept.add(entry);
            }
        }
        assertThat(some).as("something is left out").isTrue();
        return String.join(File.pathSeparator, kept);
    }
}
