package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.ConnectionOpener;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.report.Incident;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Nothing that pgheal says has a password, a literal or a bound value in it: log, incidents, events, exceptions, texts. */
class SecretsTest {
    private static final String SECRET = "hunter2";

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private final List<Object> kept = Collections.synchronizedList(new ArrayList<>());
    private final List<Incident> heard = Collections.synchronizedList(new ArrayList<>());
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private final PrintStream before = System.err;
    private GuardedPool pool;

    @TempDir
    Path directory;

    @BeforeEach
    void listen() {
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void stop() {
        System.setErr(before);
        if (pool != null) {
            pool.close();
        }
    }

    private String log() {
        return log.toString(StandardCharsets.UTF_8);
    }

    static Stream<Arguments> openers() {
        String url = "jdbc:postgresql://u:hunter2@127.0.0.1:1/x?password=hunter2&sslpassword=hunter2";
        return Stream.of(
                Arguments.of("a wrong address", ControlSettings.of(url, "u", () -> SECRET)),
                Arguments.of("an address of another database", (ConnectionOpener)
                        () -> ControlSettings.of("jdbc:mysql:" + url, "u", () -> SECRET)
                                .open()),
                Arguments.of(
                        "no port",
                        ControlSettings.of("jdbc:postgresql://h:notaport/x?password=hunter2", "u", () -> SECRET)),
                Arguments.of("an exception of a data source", failing(new SQLException("no way to " + url))),
                Arguments.of("a failure of a data source", failing(new IllegalStateException("no way to " + url))),
                Arguments.of(
                        "a cause",
                        failing(new SQLException("x", "08001", new IllegalStateException("no way to " + url)))),
                Arguments.of("no password to be had", ControlSettings.of(url, "u", () -> {
                    throw new IllegalStateException("the vault says " + SECRET);
                })));
    }

    private static ConnectionOpener failing(Exception thrown) {
        return () -> {
            if (thrown instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            throw (SQLException) thrown;
        };
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("openers")
    void aControlConnectionThatFailsTellsNoPassword(String what, ConnectionOpener opener) throws Exception {
        SelfHealingDataSource guarded = SelfHealingDataSource.builder(
                        SERVER.app().dataSource())
                .name("secret")
                .control(opener)
                .listener(heard::add)
                .build();
        try (guarded) {
            await().until(() -> log().contains("could not be had"));
            try (var scope = guarded.scope("leak")) {
                Connection left = guarded.getConnection();
                left.setAutoCommit(false);
                left.createStatement().execute("SELECT 1");
                kept.add(left);
            }
            await().until(() -> !heard.isEmpty());
            Throwable tree = catchThrowable(guarded::blockingTree);
            assertThat(text(tree)).doesNotContain(SECRET);
            assertThat(guarded.healer().toString()).doesNotContain(SECRET);
            assertThat(guarded.toString() + guarded.config()).doesNotContain(SECRET);
            assertThat(heard.toString()).doesNotContain(SECRET);
        }
        assertThat(log()).doesNotContain(SECRET);
    }

    private static String text(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    @Test
    void noLiteralAndNoBoundValueIsTold() throws Exception {
        // The waiter is to be in the story, however slow the machine is.
        pool = GuardedPool.on(
                SERVER,
                config -> config.diagnosisDeadline(Duration.ofSeconds(10)),
                builder -> builder.listener(heard::add));
        Path file = directory.resolve("incidents.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("pgheal.Incident");
            recording.start();
            leakWithSecrets();
            recording.dump(file);
        }
        assertThat(RecordingFile.readAllEvents(file))
                .isNotEmpty()
                .allSatisfy(event -> assertThat(event.toString())
                        .contains("ABANDONED_TRANSACTION")
                        .doesNotContain(SECRET));
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).doesNotContain("UPDATE user_login_info");
        assertThat(heard.toString()).contains("UPDATE user_login_info").doesNotContain(SECRET);
        assertThat(pool.guarded.incidents().toString()).doesNotContain(SECRET);
        assertThat(log()).contains("UPDATE user_login_info").doesNotContain(SECRET);
    }

    private void leakWithSecrets() throws Exception {
        CompletableFuture<Void> waiter;
        Connection left;
        try (var scope = pool.guarded.scope("leak")) {
            left = pool.guarded.getConnection();
            left.setAutoCommit(false);
            try (PreparedStatement bound =
                            left.prepareStatement("UPDATE user_login_info SET note = ? WHERE username = 'alice'");
                    Statement literal = left.createStatement()) {
                bound.setString(1, SECRET);
                bound.executeUpdate();
                literal.execute("UPDATE user_login_info SET note = 'hunter2', logins = 4711 WHERE username = 'alice'"
                        + " /* hunter2 */ AND note <> $x$hunter2$x$");
            }
            kept.add(left);
            assertThat(pool.guarded.leases().toString()).doesNotContain(SECRET);
            waiter = waitWithSecrets();
            pool.awaitLockWait(1);
        }
        waiter.get();
        Incident incident = pool.awaitIncident(OutcomeKind.HEALED);
        await().until(() -> !heard.isEmpty());
        assertThat(incident.waiters()).hasSize(1);
        Throwable late = catchThrowable(left::commit);
        assertThat(text(late)).doesNotContain(SECRET);
    }

    private CompletableFuture<Void> waitWithSecrets() {
        return beside.start("waits", () -> {
            try (Connection connection = pool.outside("waiter")) {
                Sql.run(connection, "UPDATE user_login_info SET note = 'hunter2' WHERE username = 'alice'");
            }
        });
    }
}
