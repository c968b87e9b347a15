package io.pgheal.bench;

import io.pgheal.bench.Results.Bar;
import io.pgheal.bench.Results.Chart;
import io.pgheal.bench.Results.Headline;
import io.pgheal.bench.Results.Section;
import io.pgheal.bench.Results.Table;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a run of a benchmark tells: on the terminal as it comes, and at its end in the file of {@link Results}. */
public final class Report {
    private final Results results;
    private final String name;
    private final String setup;
    private final String taken = Instant.now().truncatedTo(ChronoUnit.MINUTES).toString();
    private final String loadBefore = Machine.load();
    private final List<Table> tables = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final List<Headline> headlines = new ArrayList<>();
    private @Nullable String postgres;
    private @Nullable Chart chart;

    /** @param setup what was run, as a sentence without its full stop */
    public Report(String name, String setup) {
        this(new Results(Path.of("")), name, setup);
    }

    Report(Results results, String name, String setup) {
        this.results = results;
        this.name = name;
        this.setup = setup;
        System.out.printf(
                "%s: %s%n%s, JDK %s, load average %s, %s%n%n",
                name, setup, Machine.described(), Machine.jdk(), loadBefore, taken);
    }

    void on(Server server) {
        postgres = server.version();
    }

    /** Begins a table; the rows that follow are its own. */
    public void table(String... columns) {
        Table table = new Table(List.of(columns), new ArrayList<>());
        tables.add(table);
        System.out.println();
        table.markdown().forEach(System.out::println);
    }

    public void row(String... cells) {
        Table table = tables.get(tables.size() - 1);
        if (cells.length != table.columns().size()) {
            throw new IllegalArgumentException(Arrays.toString(cells) + " for " + table.columns());
        }
        table.rows().add(List.of(cells));
        System.out.println("| " + String.join(" | ", cells) + " |");
    }

    public void note(String sentence) {
        notes.add(sentence);
        System.out.println("\n" + sentence);
    }

    /** A figure that stands for this benchmark. */
    void headline(String what, String figure) {
        headlines.add(new Headline(what, figure));
    }

    void chart(String title, String unit) {
        chart = new Chart(title, unit, false, new ArrayList<>());
    }

    /** For values of several orders of magnitude. */
    void logarithmicChart(String title, String unit) {
        chart = new Chart(title, unit, true, new ArrayList<>());
    }

    void bar(String label, double value, double low, double high) {
        if (chart == null) {
            throw new IllegalStateException("there is no chart");
        }
        chart.bars().add(new Bar(label, value, low, high));
    }

    static void progress(String words) {
        System.err.println(Instant.now().truncatedTo(ChronoUnit.SECONDS) + " " + words);
    }

    public void end() throws IOException {
        String load = loadBefore + " before, " + Machine.load() + " after";
        System.out.println("\nload average " + load);
        results.replace(
                name,
                new Section(
                        taken,
                        Machine.described(),
                        Machine.jdk(),
                        postgres,
                        load,
                        setup,
                        tables,
                        notes,
                        headlines,
                        chart));
    }
}
