package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Each patch in {@code proof/protections/} still applies and compiles, and names tests that there are. That these fail without
 * the protection shows {@code proof/protections/run}.
 */
class ProtectionsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    @BeforeEach
    void canBeAsked() {
        assumeTrue(Files.exists(ROOT.resolve(".git")), "skipped: this is no git checkout");
        assumeTrue(Files.exists(Path.of("/bin/sh")), "skipped: proof/protections/run is a shell script");
    }

    @Test
    void eachPatchAppliesAndNamesTestsThatThereAreAndStandsInTheTable() throws Exception {
        Said said = said("--look");
        assertThat(said.code())
                .as("a patch that is lost: say anew below its header how the protection is taken out%n%s", said)
                .isZero();
        assertThat(said.lines()).last().asString().matches("(\\d{3}) of \\1 apply");
    }

    @Test
    @Tag("thorough")
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void eachPatchCompiles() throws Exception {
        Said said = said("--check");
        assertThat(said.code()).as("%s", said).isZero();
        assertThat(said.lines()).anyMatch(line -> line.matches("(\\d{3}) of \\1 apply and compile"));
    }

    private record Said(int code, List<String> lines) {
        @Override
        public String toString() {
            return String.join("\n", lines);
        }
    }

    private static Said said(String option) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("proof/protections/run", option)
                .directory(ROOT.toFile())
                .redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        try {
            CompletableFuture<String> output = new CompletableFuture<>();
            Thread reader = new Thread(() -> {
                try {
                    output.complete(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
                } catch (IOException e) {
                    output.completeExceptionally(new UncheckedIOException(e));
                }
            });
            reader.setDaemon(true);
            reader.start();
            int code = process.waitFor(); // a time-out interrupts this
            return new Said(code, output.join().lines().toList());
        } finally {
            process.descendants().forEach(ProcessHandle::destroy);
            process.destroy();
        }
    }
}
