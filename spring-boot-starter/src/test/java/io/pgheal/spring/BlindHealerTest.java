package io.pgheal.spring;

import static io.pgheal.spring.RunningApplication.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.example.LoginApplication;
import io.pgheal.testserver.PostgresServer;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The healer's own way to the server is wrong; the application's is not. */
class BlindHealerTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static final String NOWHERE = "pgheal.control.url=jdbc:postgresql://localhost:1/nowhere";

    @Test
    void isADetailOfAnApplicationThatIsUp() {
        try (RunningApplication application = RunningApplication.start(LoginApplication.class, SERVER, NOWHERE)) {
            await().until(() -> application.guard().healer().trouble().contains("SQLSTATE"));
            Map<String, Object> health = application.json("/actuator/health");
            assertThat(health).containsEntry("status", "UP");
            Map<String, Object> detail = at(health, "components", "pgheal", "details", "dataSources", "dataSource");
            assertThat(detail).containsEntry("blind", true).containsKey("trouble");
        }
    }

    @Test
    @Tag("thorough")
    void isDownWhereTheUserAsksForIt() {
        try (RunningApplication application =
                RunningApplication.start(LoginApplication.class, SERVER, NOWHERE, "pgheal.health.blind-is-down=true")) {
            assertThat(application.get("/actuator/health").statusCode()).isEqualTo(503);
        }
    }

    @Test
    @Tag("thorough")
    void theTreeSaysWhyThereIsNone() {
        try (RunningApplication application = RunningApplication.start(LoginApplication.class, SERVER, NOWHERE)) {
            Map<String, Object> tree = at(application.json("/actuator/pghealtree"), "dataSources", "dataSource");
            assertThat(tree).containsOnlyKeys("error");
            assertThat(tree.get("error").toString()).contains("control connection");
        }
    }
}
