package io.pgheal.witness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each collector of this JDK, in a JVM of its own. */
class CollectorTest {

    /** The collector of most services: asked by a setting of its own, which is put back. */
    @Test
    void g1FindsWhatIsLostAndIsLeftAsItWas() throws Exception {
        assertThat(asked(20, "-XX:+UseG1GC"))
                .contains("found true", "interval 0,", "asked=1", "answered=1", "silent=]");
    }

    @Tag("thorough")
    @ParameterizedTest
    @ValueSource(
            strings = {
                "-XX:+UseSerialGC",
                "-XX:+UseParallelGC",
                "-XX:+UseZGC",
                "-XX:+UseShenandoahGC",
                "-XX:+UseG1GC -XX:+ExplicitGCInvokesConcurrent",
                "-XX:+UseG1GC -XX:+DisableExplicitGC"
            })
    void findsWhatIsLost(String options) throws Exception {
        assertThat(asked(20, options.split(" ")))
                .contains("found true", "interval 0,", "asked=1", "answered=1", "silent=]");
    }

    @Tag("thorough")
    @ParameterizedTest
    @ValueSource(
            strings = {
                "-XX:+UseSerialGC -XX:+DisableExplicitGC | -XX:+DisableExplicitGC forbids it",
                "-XX:+UseG1GC -XX:G1PeriodicGCInterval=60000 | the application has set -XX:G1PeriodicGCInterval",
                "-XX:+UseG1GC -XX:-ClassUnloadingWithConcurrentMark | keeps it from answering",
                "-XX:+UseParallelGC -XX:-ClassUnloading | keeps it from answering",
                "-XX:+UnlockExperimentalVMOptions -XX:+UseEpsilonGC | Epsilon collects nothing"
            })
    void saysWhyItIsNotAsked(String line) throws Exception {
        String[] parts = line.split(" \\| ");
        assertThat(asked(20, parts[0].split(" "))).contains("found false", "asked=0", parts[1]);
    }

    /** Two seconds and more it would be: no application may be stopped for so long. */
    @Tag("thorough")
    @ParameterizedTest
    @ValueSource(strings = {"-XX:+UseSerialGC", "-XX:+UseParallelGC"})
    void aLargeHeapIsNotStopped(String option) throws Exception {
        assertThat(asked(1500, option)).contains("found false", "asked=0", "pgheal.proof.longest-stop");
    }

    private static String asked(int megabytes, String... options) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx2g");
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                AskedCollector.class.getName(),
                Integer.toString(megabytes)));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assumeFalse(
                told.contains("Unrecognized VM option") || told.contains("not supported"),
                () -> "skipped: this JDK lacks it: " + told);
        assertThat(process.waitFor()).as(told).isZero();
        return told;
    }
}
