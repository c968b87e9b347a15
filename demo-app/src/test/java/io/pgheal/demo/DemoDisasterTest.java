package io.pgheal.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Without pgheal")
@Tag("thorough")
class DemoDisasterTest {

    private RunningDemo demo;

    @BeforeEach
    void start(@TempDir Path directory) {
        demo = RunningDemo.start(directory.resolve("data"), "--pgheal.enabled=false");
    }

    @AfterEach
    void stop() {
        demo.close();
    }

    @Test
    @DisplayName("one fault keeps alice out for ever, while bob still logs in")
    void oneFaultLocksOneUserOut() {
        assertThat(demo.login("alice", "secret").status()).isEqualTo(200);

        RunningDemo.Answer fault = demo.post("/api/users/alice/org-chart");

        assertThat(fault.status()).isEqualTo(500);
        assertThat(fault.body()).contains("StackOverflowError");
        for (int attempt = 1; attempt <= 2; attempt++) {
            RunningDemo.Answer login = demo.login("alice", "secret");
            assertThat(login.status()).isEqualTo(503);
            assertThat(login.body()).contains("held a lock on it for 5 s", "55P03");
        }
        assertThat(demo.get("/api/status").body())
                .contains("\"idle in transaction\"", "user_login_info RowExclusiveLock", "\"active\":1,");
        assertThat(demo.login("bob", "secret").status()).isEqualTo(200);
    }

    @Test
    @DisplayName("a lost reader and a migration keep everybody out")
    void convoyLocksEverybodyOut() {
        assertThat(demo.post("/api/faults/convoy").status()).isEqualTo(202);
        await().atMost(Duration.ofSeconds(60))
                .until(() -> demo.get("/api/status").body().contains("ALTER TABLE user_login_info"));

        assertThat(demo.login("bob", "secret").status()).isEqualTo(503);
    }

    @Test
    @DisplayName("work that is slow, but alive, ends by itself")
    void slowWorkCommits() {
        assertThat(demo.post("/api/faults/slow-but-alive?seconds=1").status()).isEqualTo(202);
        await().atMost(Duration.ofSeconds(60))
                .until(() -> demo.get("/api/status").body().contains("\"committed\""));

        assertThat(demo.login("alice", "secret").status()).isEqualTo(200);
    }

    @Test
    @DisplayName("wrong passwords, unknown users and unknown faults are told apart from trouble")
    void refusals() {
        assertThat(demo.login("alice", "wrong").status()).isEqualTo(401);
        assertThat(demo.login("nobody", "secret").status()).isEqualTo(401);
        assertThat(demo.post("/api/users/nobody/org-chart").status()).isEqualTo(404);
        assertThat(demo.post("/api/faults/swallowed-error?username=nobody").status())
                .isEqualTo(404);
        assertThat(demo.post("/api/faults/convoy?seconds=0").status()).isEqualTo(400);
        assertThat(demo.post("/api/faults/nothing").status()).isEqualTo(404);
        assertThat(demo.get("/actuator/pgheal").status()).isEqualTo(404);
    }
}
