package io.pgheal.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** That the pages quote the file, and that a run gets into both. Nothing is measured here. */
class ResultsTest {
    private static final Path ROOT = Path.of("../..");

    @TempDir
    Path other;

    @SuppressWarnings("UnusedVariable") // a source of parameters
    static final java.util.List<String> PAGES = Results.PAGES;

    @ParameterizedTest
    @FieldSource("PAGES")
    void thePageQuotesTheLastResults(String page) throws Exception {
        assertThat(Files.readAllLines(ROOT.resolve(page)))
                .as("write it anew: proof/benchmarks/run pages")
                .containsExactlyElementsOf(new Results(ROOT).quoted(page));
    }

    @Test
    void everyPlotIsThere() throws Exception {
        new Results(ROOT).read().forEach((name, section) -> {
            if (section.chart() != null) {
                assertThat(ROOT.resolve("docs/images/benchmark-" + name + ".png"))
                        .exists();
            }
        });
    }

    @Test
    void aRunReplacesItsOwnSectionAndWhatIsMadeFromIt() throws Exception {
        Path page = other.resolve("proof/benchmarks/README.md");
        Files.createDirectories(page.getParent());
        Files.writeString(page, """
                before
                <!-- results: one -->
                old
                <!-- end -->
                between
                <!-- results: two -->
                <!-- end -->
                """);
        Results results = new Results(other);
        for (String name : new String[] {"two", "one", "one"}) {
            Report report = new Report(results, name, "Nothing was run");
            report.table("", "ns");
            report.row("row of " + name, "7");
            report.headline("cost of " + name, "7 ns");
            if (name.equals("one")) {
                report.logarithmicChart("Cost", "ns");
                report.bar("row", 700, 600, 8000);
            }
            report.end();
        }
        assertThat(results.read().keySet()).containsExactly("one", "two");
        assertThat(Files.readString(page))
                .containsOnlyOnce("| row of one | 7 |")
                .containsOnlyOnce("| row of two | 7 |")
                .contains(
                        "before\n<!-- results: one -->\n\n*",
                        "](../../docs/images/benchmark-one.png)\n\n<!-- end -->\nbetween")
                .doesNotContain("old");
        assertThat(other.resolve("docs/images/benchmark-one.png")).isNotEmptyFile();
        assertThat(other.resolve("docs/images/benchmark-two.png")).doesNotExist();
    }
}
