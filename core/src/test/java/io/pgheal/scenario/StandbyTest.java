package io.pgheal.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Rung;
import io.pgheal.testserver.Patience;
import io.pgheal.testserver.Sql;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A hot standby, whose readers stand in the way of the changes that arrive. */
@Tag("thorough")
class StandbyTest {
    @TempDir
    static Path folder;

    private static EmbeddedPostgres primary;
    private static EmbeddedPostgres standby;

    private Scene onPrimary;
    private Scene onStandby;

    /** The embedded binaries have no pg_basebackup: a copy of the primary while it is down is as good. */
    @BeforeAll
    static void start() throws Exception {
        Path data = folder.resolve("primary");
        Path copy = folder.resolve("standby");
        server(data).close();
        try (Stream<Path> files = Files.walk(data)) {
            files.forEach(file -> copy(file, copy.resolve(data.relativize(file))));
        }
        primary = server(data);
        Files.createFile(copy.resolve("standby.signal"));
        Files.writeString(
                copy.resolve("postgresql.auto.conf"),
                "primary_conninfo = 'host=localhost port=" + primary.getPort() + " user=postgres'\n"
                        + "max_standby_streaming_delay = -1\nhot_standby = on\n");
        standby = server(copy);
    }

    private static void copy(Path from, Path to) {
        try {
            Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static EmbeddedPostgres server(Path data) throws IOException {
        return EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setPGStartupWait(Patience.PATIENCE.multipliedBy(4))
                .setServerConfig("max_connections", "50")
                .setServerConfig("fsync", "off")
                .start();
    }

    @AfterAll
    static void stop() throws IOException {
        if (standby != null) {
            standby.close();
        }
        if (primary != null) {
            primary.close();
        }
    }

    @BeforeEach
    void open() throws Exception {
        onPrimary = Scene.at("jdbc:postgresql://localhost:" + primary.getPort() + "/postgres", "postgres");
        onStandby = Scene.at("jdbc:postgresql://localhost:" + standby.getPort() + "/postgres", "postgres");
        onPrimary.setUp("DROP TABLE IF EXISTS login");
        onPrimary.withLogins();
        await().atMost(Duration.ofSeconds(60)).until(() -> caughtUp());
        assertThat(onStandby.admin("SELECT pg_is_in_recovery()")).isEqualTo("t");
    }

    @AfterEach
    void close() throws Exception {
        onStandby.close();
        onPrimary.close();
    }

    private boolean caughtUp() throws Exception {
        String written = onPrimary.admin("SELECT pg_current_wal_insert_lsn()");
        return onStandby
                .admin("SELECT pg_last_wal_replay_lsn() >= '" + written + "'")
                .equals("t");
    }

    /** Who replays is PostgreSQL's own, named and left alone. That it waits for a reader, no function of the server tells. */
    @Test
    void replayThatWaitsForAReader() throws Exception {
        onStandby.guard(config ->
                config.activeBlockerTimeout(Duration.ofMillis(400)).idleBlockerTimeout(Duration.ofMillis(400)));
        assertThat(onStandby.guarded().healer().shortcomings()).contains("the server is a standby");
        Connection reader = onStandby.begin("SELECT * FROM login");
        onPrimary.setUp("ALTER TABLE login ADD COLUMN extra int");
        int startup = awaitReplayWaiting();
        Stuck waiter = onStandby.ours("SELECT * FROM login");

        Told told = onStandby.reported(startup);
        told.as(DiagnosisKind.FOREIGN_BLOCKER)
                .noEvidence()
                .tables("login")
                .waiters(1)
                .waiter(waiter, true, "login", "relation", "AccessShareLock")
                .because("process of the server: startup");
        long asked = onStandby.guarded().healer().queries();
        await().atMost(Duration.ofSeconds(60))
                .until(() -> onStandby.guarded().healer().queries() >= asked + 4);
        told.leftAlone();
        reader.rollback();
        reader.close();
        waiter.goesOn();
    }

    /** A lost reader holds up the replay. That it is ours, and lost, is known without the server. */
    @Test
    void abandonedReader() throws Exception {
        onStandby.guard(config -> config.abandonedPatience(Duration.ofSeconds(1)));
        Owner owner = Owner.platform();
        int culprit = owner.run(() -> Sql.pid(onStandby.leak("SELECT * FROM login")));
        onPrimary.setUp("ALTER TABLE login ADD COLUMN extra int");
        awaitReplayWaiting();
        owner.end();
        onStandby
                .healed(culprit)
                .as(DiagnosisKind.ABANDONED_TRANSACTION)
                .onlyEvidence(EvidenceKind.OWNER_ENDED, Strength.SUSPICION)
                .tables("login")
                .holds("login", "AccessShareLock")
                .waiters(0)
                .healedBy(Rung.ABORT);
        await().atMost(Duration.ofSeconds(60)).until(this::caughtUp);
    }

    private int awaitReplayWaiting() {
        return Integer.parseInt(await().atMost(Duration.ofSeconds(60))
                .until(
                        () -> onStandby.admin(
                                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup' AND wait_event_type = 'Lock'"),
                        pid -> !pid.isEmpty()));
    }
}
