package io.pgheal.sameanswers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The tables of {@code docs/differences.md} are those of {@code differences.txt}. */
class DifferencesPageTest {
    private static final Path PAGE = Path.of("../../docs/differences.md");
    private static final String MARK = "<!-- From here on: proof/same-answers/differences.txt -->";

    @Test
    void thePageIsUpToDate() throws Exception {
        List<String> lines = Files.readAllLines(PAGE);
        List<String> expected = new ArrayList<>(lines.subList(0, lines.indexOf(MARK) + 1));
        expected.addAll(KnownDifferences.read().page());
        if (Boolean.getBoolean("pgheal.differences.write")) {
            Files.write(PAGE, expected);
        }
        assertThat(Files.readAllLines(PAGE))
                .as("write it anew: -Dpgheal.differences.write=true")
                .containsExactlyElementsOf(expected);
    }
}
