package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.example.LoginApplication;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** An incident in what an operator has already: structured logs, and a recording with nothing but the JDK's own settings. */
class IncidentToldTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @TempDir
    Path directory;

    @Test
    void byFieldsOfTheLogAndByFlightRecorder() throws Exception {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE user_login_info (username text PRIMARY KEY, attempts int NOT NULL)");
            statement.execute("INSERT INTO user_login_info VALUES ('alice', 0)");
        }
        Path file = directory.resolve("incidents.jfr");
        Logger log = (Logger) LoggerFactory.getLogger("io.pgheal.incident");
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        Incident incident;
        try (RunningApplication application =
                        RunningApplication.start(LoginApplication.class, SERVER, "pgheal.diagnosis.deadline=30s");
                Recording recording = new Recording(Configuration.getConfiguration("default"))) {
            await().until(() -> application.guard().healer().connected());
            logged.start();
            log.addAppender(logged); // after Spring Boot has configured the logs
            recording.start();
            application.get("/overflow");
            await().until(() -> application
                            .context
                            .getBean(LoginApplication.Ear.class)
                            .heard
                            .size()
                    == 1);
            incident = application.guard().incidents().get(0);
            recording.dump(file);
        } finally {
            log.detachAppender(logged);
        }

        assertThat(List.copyOf(logged.list).stream()
                        .filter(event -> event.getKeyValuePairs() != null)
                        .findFirst())
                .hasValueSatisfying(event -> assertThat(event.getKeyValuePairs())
                        .extracting(pair -> pair.key, pair -> pair.value)
                        .contains(
                                tuple("pgheal.incident", incident.id()),
                                tuple("pgheal.data_source", "dataSource"),
                                tuple("pgheal.diagnosis", "ABANDONED_TRANSACTION"),
                                tuple("pgheal.outcome", "HEALED")));

        List<RecordedEvent> recorded = RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("pgheal.Incident"))
                .toList();
        assertThat(recorded).hasSize(1);
        assertThat(recorded.get(0).getString("id")).isEqualTo(incident.id());
        assertThat(recorded.get(0).getString("tables")).contains("user_login_info");
        assertThat(recorded.get(0).getString("outcome")).isEqualTo("HEALED");
        assertThat(recorded.get(0).getInt("pid")).isPositive();
    }
}
