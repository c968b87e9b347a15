package io.pgheal.cycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.HealingConfig;
import io.pgheal.decide.HealingMode;
import io.pgheal.track.Ticker;
import io.pgheal.witness.Witness;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearsalTest {
    private static boolean rehearse(HealingConfig config) {
        Servers servers = new Servers(
                "nowhere",
                () -> {
                    throw new SQLException("nobody is to be asked");
                },
                Ticker.system(),
                Duration.ofSeconds(1));
        return Rehearsal.run(config, servers, Ticker.system(), Witness.by(Ticker.system()));
    }

    @Test
    void aWholeHealIsCarriedOutWithoutAServer() {
        assertThat(rehearse(HealingConfig.builder().build())).isTrue();
    }

    /** In that mode a lease of the application would not be touched; that of nobody is. */
    @Test
    void alsoWhereThereIsNothingToHeal() {
        assertThat(rehearse(HealingConfig.builder().mode(HealingMode.OBSERVE).build()))
                .isTrue();
    }

    @Test
    void nobodyIsToldOfIt(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("rehearsal.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("pgheal.Incident");
            recording.start();
            assertThat(rehearse(HealingConfig.builder().build())).isTrue();
            recording.stop();
            recording.dump(file);
        }
        assertThat(RecordingFile.readAllEvents(file))
                .noneMatch(event -> event.getEventType().getName().equals("pgheal.Incident"));
    }
}
