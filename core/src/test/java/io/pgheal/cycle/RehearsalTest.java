package io.pgheal.cycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.track.Ticker;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Objects;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearsalTest {
    private final Rehearsal rehearsal = new Rehearsal(Ticker.system());

    private Incident heal() throws SQLException {
        return Objects.requireNonNull(rehearsal.heal());
    }

    /** Whatever a story or a heal learns to ask, the server of nobody must answer. */
    @Test
    void aWholeHealIsCarriedOut() throws SQLException {
        Incident incident = heal();
        assertThat(incident.outcome()).isEqualTo(OutcomeKind.HEALED);
        assertThat(incident.diagnosis()).isEqualTo(DiagnosisKind.ABANDONED_TRANSACTION);
        assertThat(incident.act().remedies())
                .singleElement()
                .satisfies(rung -> assertThat(rung.outcome()).contains("seen gone"));
        assertThat(incident.locks()).hasSize(1);
        assertThat(incident.waiters()).singleElement().satisfies(waiter -> {
            assertThat(waiter.pid()).isEqualTo(2);
            assertThat(waiter.table()).isEqualTo("nowhere.nothing");
        });
    }

    @Test
    void nobodyIsToldOfIt(@TempDir Path directory) throws Exception {
        heal();
        Path file = directory.resolve("rehearsal.jfr");
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        PrintStream before = System.err;
        try (Recording recording = new Recording()) {
            recording.enable("pgheal.Incident");
            recording.start();
            System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
            heal();
            recording.stop();
            recording.dump(file);
        } finally {
            System.setErr(before);
        }
        assertThat(log.toString(StandardCharsets.UTF_8)).doesNotContain("[rehearsal]");
        assertThat(RecordingFile.readAllEvents(file))
                .noneMatch(event -> event.getEventType().getName().equals("pgheal.Incident"));
    }

    /** The data source was closed meanwhile. */
    @Test
    void closingEndsIt() throws SQLException {
        rehearsal.close();
        assertThat(rehearsal.heal()).isNull();
    }

    @Test
    void itsThreadsEnd() throws SQLException {
        heal();
        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("pgheal-rehearsal")));
    }
}
