package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("With a lock timeout that is shorter than the heal takes")
@Tag("thorough")
class DemoRetryTest {

    @Test
    @DisplayName("the login is tried again after the heal, within its own request")
    void theLoginIsTriedAgain(@TempDir Path directory) {
        // A machine that is too slow to see within its lock timeout whom the login waits for, or is so slow to log in
        // that
        // the heal comes first, gets twice the time.
        boolean triedAgain = false;
        for (Duration timeout = Duration.ofMillis(1500);
                !triedAgain && timeout.toSeconds() < 30;
                timeout = timeout.multipliedBy(2)) {
            triedAgain = isTriedAgain(directory.resolve("data" + timeout), timeout);
        }
        assertThat(triedAgain).isTrue();
    }

    /**
     * Whether a login was answered well though its first attempt must have been given up. It waits for a connection that is
     * retained: when that is ended, at the user's word, is known beforehand. When the collector answers is not.
     */
    private static boolean isTriedAgain(Path data, Duration lockTimeout) {
        try (RunningDemo demo = RunningDemo.start(
                data,
                "--pgheal.lock-wait.threshold=200ms",
                "--pgheal.abandoned.retained=heal",
                "--pgheal.abandoned.grace=" + lockTimeout.multipliedBy(3).toMillis() + "ms",
                "--pgheal.abandoned.patience=1h",
                "--demo.login-lock-timeout=" + lockTimeout.toMillis() + "ms")) {
            assertThat(demo.post("/api/faults/handed-over?username=alice&seconds=600")
                            .status())
                    .isEqualTo(202);

            RunningDemo.Answer login = demo.login("alice", "secret");

            System.out.println("[demo] with a lock timeout of " + lockTimeout + " the login took " + login.took() + ": "
                    + login.status());
            if (login.status() != 200 || login.took().compareTo(lockTimeout) < 0) {
                return false;
            }
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> demo.incidents().stream()
                            .anyMatch(incident ->
                                    incident.get("outcome").asString().equals("HEALED")));
            return true;
        }
    }
}
