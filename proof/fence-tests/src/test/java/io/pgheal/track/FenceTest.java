package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openjdk.jcstress.annotations.JCStressTest;

/**
 * Runs the stress tests, each for a moment; {@code -Dpgheal.fence=default} (or another of jcstress's modes) for as long as
 * jcstress thinks right, in all the configurations of the JVM that it knows.
 */
@Tag("thorough")
class FenceTest {
    /** A part of the names of those that are to run. */
    private static final String ONLY = System.getProperty("pgheal.fence.only", "");

    private static final String SHORT = "short";
    private static final String MODE = System.getProperty("pgheal.fence", SHORT);

    private static final Path TARGET = Path.of("target", "jcstress").toAbsolutePath();
    private static final List<String> FOR_A_MOMENT = List.of("-m quick -sc false -f 1 -fsm 0 -time 30".split(" "));

    /** Whoever looks for one race has time, and a race is rarer where the machine is busy. */
    private static final String TIMES = ONLY.isEmpty() ? "1" : "20";

    @Test
    void noForbiddenOutcomeIsSeen() throws Exception {
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "a race needs two processors");
        String output = stress(mode());
        assertThat(output).doesNotContain("[FAILED]", "[ERROR]", "FATAL");
        List<String> missing =
                stressTests().filter(test -> !output.contains("[OK] " + test)).toList();
        assertThat(missing).as("not run, says%n%s", output).isEmpty();
    }

    private static List<String> mode() {
        if (!MODE.equals(SHORT)) {
            return List.of("-m", MODE);
        }
        List<String> options = new ArrayList<>(FOR_A_MOMENT);
        options.addAll(List.of("-iters", TIMES, "-jvmArgs", "-Xmx256m -XX:+UseSerialGC"));
        return options;
    }

    private static Stream<String> stressTests() {
        return Stream.of(StateWordStress.class, LeaseStress.class)
                .flatMap(all -> Arrays.stream(all.getDeclaredClasses()))
                .filter(test -> test.isAnnotationPresent(JCStressTest.class))
                .map(Class::getCanonicalName)
                .filter(test -> test.contains(ONLY));
    }

    private static String stress(List<String> mode) throws IOException, InterruptedException {
        Files.createDirectories(TARGET);
        File output = TARGET.resolve("output.txt").toFile();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "org.openjdk.jcstress.Main",
                "-v",
                "-t",
                "io.pgheal.track.*" + ONLY,
                "-r",
                TARGET.resolve("report").toString()));
        command.addAll(mode);
        Process jcstress = new ProcessBuilder(command)
                .directory(TARGET.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output)
                .start();
        try {
            if (!jcstress.waitFor(MODE.equals(SHORT) ? 30 : 24 * 60, TimeUnit.MINUTES)) {
                throw new AssertionError("jcstress hangs, says\n" + Files.readString(output.toPath()));
            }
        } finally {
            jcstress.descendants().forEach(ProcessHandle::destroyForcibly);
            jcstress.destroyForcibly();
        }
        return Files.readString(output.toPath());
    }
}
