package io.pgheal.innocent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.HealingConfig;
import io.pgheal.TickerSeam;
import io.pgheal.decide.Retained;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.PostgresServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.SynchronousQueue;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A long garbage collection, a debugger that holds every thread, a machine that sleeps: what the healing loop did not see does
 * not count. The lease is just then between two threads, so that only the times speak for it.
 */
class PauseOfTheProcessTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @BeforeAll
    static void createTables() throws SQLException {
        Stage.createTables(SERVER);
    }

    @Test
    void isNotHeldAgainstWhoeverWasPaused() throws Exception {
        FakeTime time = new FakeTime();
        SynchronousQueue<Connection> queue = new SynchronousQueue<>();
        Innocent innocent = Innocent.of("paused-between-two-threads", stage -> {
            CompletableFuture<Void> first = Stage.inThread("first", () -> queue.put(stage.begin()));
            Connection connection = queue.take();
            first.get();
            stage.slow();
            stage.awaitOver();
            stage.end(connection);
        });
        HealingConfig onlyTimesCount =
                HealingConfig.builder().abandonedRetained(Retained.HEAL).build();
        try (Stage stage = Stage.open(SERVER, TickerSeam.forAll(time), innocent, onlyTimesCount)) {
            stage.awaitWaiters();
            time.pass(Duration.ofSeconds(1));
            time.jump(Duration.ofMinutes(10));
            time.pass(Duration.ofSeconds(1)); // until whatever was begun by it is done
            assertThat(stage.guarded.incidents()).allMatch(incident -> incident.outcome() == OutcomeKind.REPORTED);
            assertThat(stage.guarded.healer().trouble()).isEmpty();
            stage.goOn();
        }
        // Without a pause the same time is enough to be healed.
        try (Lost lost = new Lost(SERVER, time, true)) {
            time.pass(Duration.ofSeconds(4));
            lost.assertHealed();
        }
    }

    /** The same with a process that is really stopped: longer than its grace, and somebody waits for its only slot, too. */
    @Test
    @Tag("thorough")
    @DisabledOnOs(OS.WINDOWS)
    void ofARealProcessIsNotHeldAgainstIt() throws Exception {
        stopARealProcess(Duration.ofSeconds(8));
    }

    @Test
    @Tag("thorough")
    @DisabledOnOs(OS.WINDOWS)
    void ofARealProcessForAMinuteIsNotHeldAgainstIt() throws Exception {
        stopARealProcess(Duration.ofSeconds(60));
    }

    private static void stopARealProcess(Duration pause) throws Exception {
        SERVER.app().run("DELETE FROM account; DELETE FROM ledger");
        SERVER.app().run("INSERT INTO account (who) VALUES ('paused')");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        PausedProcess.class.getName(),
                        SERVER.url(),
                        SERVER.user(),
                        SERVER.password())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader says =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(says.readLine()).isEqualTo("handed over");
            signal("STOP", process);
            long stopped = System.nanoTime();
            CompletableFuture<Void> waiter = Stage.inThread(
                    "waiter", () -> SERVER.app().run("UPDATE account SET waited = waited + 1 WHERE who = 'paused'"));
            await().until(() -> SERVER.app().number("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0);
            await().atMost(pause.multipliedBy(2)).until(() -> System.nanoTime() - stopped > pause.toNanos());
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            signal("CONT", process);
            assertThat(says.readLine()).isEqualTo("committed, incidents: 0, then the slot was lent");
            waiter.get();
            assertThat(SERVER.app().number("SELECT count(*) FROM ledger WHERE who = 'paused'"))
                    .isEqualTo(2);
        } finally {
            process.destroyForcibly();
        }
    }

    private static void signal(String name, Process process) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }
}
