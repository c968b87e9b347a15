package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("With a lock timeout that is shorter than the heal takes")
class DemoRetryTest {

    @Test
    @DisplayName("the login is tried again after the heal, within its own request")
    void theLoginIsTriedAgain(@TempDir Path directory) {
        try (RunningDemo demo = RunningDemo.start(
                directory.resolve("data"),
                "--pgheal.lock-wait.threshold=200ms",
                "--pgheal.abandoned.grace=4s",
                "--demo.login-lock-timeout=1500ms")) {
            assertThat(demo.post("/api/faults/leak-in-executor").status()).isEqualTo(202);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> demo.background("leak-in-executor").stream()
                            .anyMatch(run -> run.get("result").asString("").contains("StackOverflowError")));

            RunningDemo.Answer login = demo.login("alice", "secret");

            assertThat(login.status()).as(login.body()).isEqualTo(200);
            assertThat(login.took()).isGreaterThan(Duration.ofMillis(1500));
            await().until(() -> demo.incidents().stream()
                    .anyMatch(incident -> incident.get("outcome").asString().equals("HEALED")));
        }
    }
}
