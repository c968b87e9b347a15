package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.example.dropin.DropInApplications;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.jdbc.core.JdbcTemplate;

/** A job of Spring Batch whose tasklet leaves a transaction behind, and throws. */
@Tag("thorough")
class BatchLeakTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @Test
    void isHealedAndTheRepositoryTellsThatItFailed() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE left_by_batch (n int)");
            statement.execute("INSERT INTO left_by_batch VALUES (0)");
        }
        try (RunningApplication application = RunningApplication.start(
                DropInApplications.LeakingBatch.class,
                SERVER,
                "test.with=batch",
                "spring.batch.jdbc.initialize-schema=always",
                "spring.main.web-application-type=none",
                "pgheal.abandoned.retained=heal",
                "pgheal.diagnosis.deadline=30s")) {
            await().until(() -> !application.guard().incidents().isEmpty());
            Incident incident = application.guard().incidents().get(0);
            assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
            assertThat(incident.evidence().get(0).kind()).isEqualTo(EvidenceKind.SCOPE_ENDED);
            assertThat(incident.evidence().get(0).strength()).isEqualTo(Strength.CERTAIN);
            assertThat(incident.evidence().get(0).detail())
                    .isEqualTo("the batch job job ended by " + DropInApplications.LeakingBatch.Fault.class.getName());

            JdbcTemplate jdbc = new JdbcTemplate(application.guard());
            assertThat(jdbc.queryForList("SELECT status FROM batch_job_execution", String.class))
                    .containsExactly("FAILED");
            assertThat(jdbc.update("UPDATE left_by_batch SET n = n + 1 WHERE n = 0"))
                    .isEqualTo(1);
        }
    }
}
