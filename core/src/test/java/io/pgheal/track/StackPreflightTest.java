package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How much stack the preflight makes sure of, by the interpreter and by each compiler: what the first call of a kind needs,
 * for which classes have to be found, and not much more. {@code proof/benchmarks/run stack} measures what calls need.
 */
class StackPreflightTest {
    private static final int KB = 1024;
    private static final int LARGE = 2 * KB * KB;

    @ParameterizedTest
    @CsvSource({
        // In the interpreter a long takes two slots of 8 bytes. The bounds leave room for other processors than x86-64.
        "-Xint, 60, 90",
        "-Xcomp -XX:TieredStopAtLevel=1, 34, 50",
        "-Xcomp -XX:-TieredCompilation, 34, 50"
    })
    void makesSureOfWhatCallsToTheServerNeed(String how, int least, int most) throws Exception {
        assertMakesSure("server", how, least, most);
    }

    @ParameterizedTest
    @CsvSource({"-Xint, 18, 26", "-Xcomp -XX:TieredStopAtLevel=1, 9, 15", "-Xcomp -XX:-TieredCompilation, 9, 15"})
    void makesSureOfWhatCallsInMemoryNeed(String how, int least, int most) throws Exception {
        assertMakesSure("memory", how, least, most);
    }

    private static void assertMakesSure(String calls, String how, int least, int most) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(how.split(" ", -1)));
        command.add("-XX:CompileCommand=quiet");
        // Nothing else is compiled: the frames that measure have to be of one size.
        command.add("-XX:CompileCommand=compileonly," + StackPreflight.class.getName() + "::*");
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Levels.class.getName(), calls));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed;
        try (InputStream output = process.getInputStream()) {
            printed = new String(output.readAllBytes(), StandardCharsets.UTF_8).trim();
        }
        assertThat(process.waitFor()).as(printed).isZero();
        assertThat(Integer.parseInt(printed)).as("bytes").isBetween(least * KB, most * KB);
    }

    /** Goes down a stack, with the preflight for these calls on each level; for no calls without. */
    static final class Levels {
        private final String calls;
        private int levels;

        private Levels(String calls) {
            this.calls = calls;
        }

        public static void main(String[] arguments) throws InterruptedException {
            // So large that the C library has none left over: it gives a new thread the stack of an ended one, which
            // may
            // have four times the size that was asked for.
            int few = count(LARGE, "none");
            int many = count(3 * LARGE, "none");
            double level = 2.0 * LARGE / (many - few);
            System.out.println(Math.round((many - count(3 * LARGE, arguments[0])) * level));
        }

        private static int count(int stack, String calls) throws InterruptedException {
            Levels levels = new Levels(calls);
            Thread thread = new Thread(null, levels::toTheEnd, "levels", stack);
            thread.start();
            thread.join();
            return levels.levels;
        }

        private void toTheEnd() {
            try {
                down();
            } catch (StackOverflowError end) {
                // counted
            }
        }

        @SuppressWarnings("InfiniteRecursion")
        private void down() {
            levels++;
            if (calls.equals("server")) {
                StackPreflight.touch(levels);
            } else if (calls.equals("memory")) {
                StackPreflight.touchLittle(levels);
            }
            down();
        }
    }
}
