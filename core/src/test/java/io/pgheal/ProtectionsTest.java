package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Each patch in {@code protections/} still applies, and names tests that there are. That these fail without the protection
 * shows {@code protections/run}.
 */
class ProtectionsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private static List<Path> patches() throws IOException {
        try (Stream<Path> files = Files.list(ROOT.resolve("protections"))) {
            return files.filter(file -> file.toString().endsWith(".patch"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void eachPatchApplies() throws Exception {
        assumeTrue(Files.exists(ROOT.resolve(".git")), "skipped: this is no git checkout");
        List<Path> patches = patches();
        assertThat(patches).hasSizeGreaterThan(100);
        List<Path> lost = patches.stream().filter(patch -> !applies(patch)).toList();
        assertThat(lost)
                .as("take each of these protections out again, and put `git diff -U1` below the patch's header")
                .isEmpty();
    }

    private static boolean applies(Path patch) {
        try {
            return new ProcessBuilder("git", "apply", "--check", patch.toString())
                            .directory(ROOT.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            throw new IllegalStateException("no git to ask", e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void eachPatchNamesTestsThatThereAre() throws IOException {
        for (Path patch : patches()) {
            List<String> header = Files.readAllLines(patch).stream()
                    .takeWhile(line -> !line.startsWith("diff "))
                    .toList();
            assertThat(header).as("%s", patch).anyMatch(line -> line.startsWith("Protection: "));
            assertThat(header).as("%s", patch).anyMatch(line -> line.startsWith("Against: "));
            List<String> red =
                    header.stream().filter(line -> line.startsWith("Red: ")).toList();
            assertThat(red).as("%s", patch).isNotEmpty().allMatch(ProtectionsTest::isThere);
        }
    }

    private static boolean isThere(String red) {
        String[] words = red.split(" ");
        String[] test = words[2].split("#");
        try (Stream<Path> files = Files.walk(ROOT.resolve(words[1]).resolve("src/test/java"))) {
            return files.filter(file -> file.endsWith(test[0] + ".java"))
                    .anyMatch(file -> test.length == 1 || read(file).contains(" " + test[1] + "("));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
