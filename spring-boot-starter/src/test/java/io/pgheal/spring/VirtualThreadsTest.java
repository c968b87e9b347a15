package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.example.LoginApplication;
import com.example.TaskApplication;
import io.pgheal.detect.Evidence;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Units of work of an application that asked Spring Boot for virtual threads. */
@Tag("thorough")
class VirtualThreadsTest {
    private static final String FAULT = TaskApplication.Fault.class.getName();

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @BeforeAll
    static void createTables() throws SQLException {
        assumeTrue(Runtime.version().feature() >= 21, "there are no virtual threads");
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE work (row text PRIMARY KEY, done int NOT NULL)");
            statement.execute("INSERT INTO work SELECT unnest(ARRAY['async', 'rate', 'delay']), 0");
            statement.execute("CREATE TABLE user_login_info (username text PRIMARY KEY, attempts int NOT NULL)");
            statement.execute("INSERT INTO user_login_info VALUES ('alice', 0)");
        }
    }

    @Test
    void tasks() {
        try (RunningApplication application = RunningApplication.start(
                TaskApplication.class,
                SERVER,
                "spring.main.web-application-type=none",
                "spring.threads.virtual.enabled=true",
                "spring.task.execution.mode=force",
                "pgheal.abandoned.grace=100ms",
                "pgheal.abandoned.patience=300ms")) {
            await().until(() -> application.guard().healer().connected());
            TaskApplication.Work work = application.context.getBean(TaskApplication.Work.class);

            callAsynchronously(work);
            assertHealed(
                    application,
                    EvidenceKind.SCOPE_ENDED,
                    Strength.CERTAIN,
                    "a task of applicationTaskExecutor ended by " + FAULT);
            work.scheduleAtRate("rate");
            assertHealed(
                    application,
                    EvidenceKind.SCOPE_ENDED,
                    Strength.CERTAIN,
                    "a task of taskScheduler ended by " + FAULT);
            // Spring runs these without the scheduler's decorator: what is left is the collector.
            work.schedule("delay");
            assertHealed(application, EvidenceKind.HANDLE_UNREACHABLE, Strength.CERTAIN, "");
        }
    }

    private static void callAsynchronously(TaskApplication.Work work) {
        try {
            work.asynchronously("async");
        } catch (SQLException e) {
            throw new AssertionError("it is asynchronous", e);
        }
    }

    @Test
    void requests() {
        try (RunningApplication application =
                RunningApplication.start(LoginApplication.class, SERVER, "spring.threads.virtual.enabled=true")) {
            await().until(() -> application.guard().healer().connected());
            HttpResponse<String> answer = application.get("/swallowed");
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).contains("VirtualThread");
            assertHealed(application, EvidenceKind.SCOPE_ENDED, Strength.CERTAIN, "");
        }
    }

    /** @param detail "" for any */
    private static void assertHealed(
            RunningApplication application, EvidenceKind kind, Strength strength, String detail) {
        await().until(() -> application.guard().incidents().stream()
                .filter(incident -> incident.outcome() == OutcomeKind.HEALED)
                .map(Incident::evidence)
                .anyMatch(evidence -> evidence.stream().anyMatch(each -> isSuch(each, kind, strength, detail))));
    }

    private static boolean isSuch(Evidence evidence, EvidenceKind kind, Strength strength, String detail) {
        return evidence.kind() == kind
                && evidence.strength() == strength
                && (detail.isEmpty() || evidence.detail().equals(detail));
    }
}
