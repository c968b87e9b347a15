package io.pgheal.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The last results of each benchmark, in one file. A run replaces its own section. The pages that quote results, and the
 * images, are made from this file alone: a line {@code <!-- results: NAME -->} begins what is made, {@code <!-- end -->} ends
 * it. The name is that of a benchmark, or {@code headlines}: the figures of all benchmarks that stand for the rest.
 */
final class Results {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final String BEGIN = "<!-- results: ";
    private static final String END = "<!-- end -->";

    /** The pages that quote. */
    static final List<String> PAGES = List.of("README.md", "proof/benchmarks/README.md");

    private final Path root;

    /** @param root of the repository */
    Results(Path root) {
        this.root = root;
    }

    /** What one run of a benchmark showed, and under which circumstances. */
    record Section(
            String taken,
            String machine,
            String jdk,
            @Nullable String postgres,
            String load,
            String setup,
            List<Table> tables,
            List<String> notes,
            List<Headline> headlines,
            @Nullable Chart chart) {
        String circumstances() {
            return "%s; %s; JDK %s%s; load average %s. %s."
                    .formatted(taken, machine, jdk, postgres == null ? "" : "; PostgreSQL " + postgres, load, setup);
        }
    }

    record Table(List<String> columns, List<List<String>> rows) {
        List<String> markdown() {
            List<String> lines = new ArrayList<>();
            lines.add(line(columns));
            lines.add("|---|" + "--:|".repeat(columns.size() - 1));
            rows.forEach(row -> lines.add(line(row)));
            return lines;
        }

        private static String line(List<String> cells) {
            return "| " + String.join(" | ", cells) + " |";
        }
    }

    /** A figure that stands for a benchmark. */
    record Headline(String what, String figure) {}

    record Chart(String title, String unit, boolean logarithmic, List<Bar> bars) {}

    /** A value, and the ends of its error bar. */
    record Bar(String label, double value, double low, double high) {}

    Map<String, Section> read() throws IOException {
        Map<String, Section> sections = new TreeMap<>();
        if (Files.exists(file())) {
            sections.putAll(JSON.readerForMapOf(Section.class).readValue(Files.readString(file())));
        }
        return sections;
    }

    /** Puts the section into the file, and writes what is made from the file. */
    void replace(String name, Section section) throws IOException {
        Map<String, Section> sections = read();
        sections.put(name, section);
        Files.writeString(file(), JSON.writeValueAsString(sections) + "\n", StandardCharsets.UTF_8);
        writePages();
        draw(name, section);
    }

    /** Writes all pages and all images again. */
    void writeAll() throws IOException {
        writePages();
        for (Map.Entry<String, Section> each : read().entrySet()) {
            draw(each.getKey(), each.getValue());
        }
    }

    /** The page as it is, and as the file says that it should be. */
    List<String> quoted(String page) throws IOException {
        Map<String, Section> sections = read();
        List<String> lines = new ArrayList<>();
        boolean made = false;
        for (String line : Files.readAllLines(root.resolve(page))) {
            if (made && line.equals(END)) {
                lines.add("");
                made = false;
            }
            if (!made) {
                lines.add(line);
            }
            if (line.startsWith(BEGIN)) {
                made = true;
                lines.add("");
                String name = line.substring(BEGIN.length(), line.indexOf(" -->"));
                lines.addAll(name.equals("headlines") ? headlines(sections) : block(name, sections, page));
            }
        }
        if (made) {
            throw new IllegalStateException(page + " has a beginning without an end");
        }
        return lines;
    }

    private void writePages() throws IOException {
        for (String page : PAGES) {
            if (Files.exists(root.resolve(page))) {
                Files.write(root.resolve(page), quoted(page));
            }
        }
    }

    private static List<String> block(String name, Map<String, Section> sections, String page) {
        List<String> lines = new ArrayList<>();
        Section section = sections.get(name);
        if (section == null) {
            return List.of("Not measured yet.");
        }
        lines.add("*" + section.circumstances() + "*");
        for (Table table : section.tables()) {
            lines.add("");
            lines.addAll(table.markdown());
        }
        if (!section.notes().isEmpty()) {
            lines.add("");
            section.notes().forEach(note -> lines.add("- " + note));
        }
        if (section.chart() != null) {
            Path image = Path.of(page).resolveSibling("").relativize(Path.of(image(name)));
            lines.add("");
            lines.add("![" + section.chart().title() + "](" + image + ")");
        }
        return lines;
    }

    private static List<String> headlines(Map<String, Section> sections) {
        List<List<String>> rows = new ArrayList<>();
        sections.forEach((name, section) -> section.headlines()
                .forEach(each -> rows.add(List.of(
                        each.what(),
                        each.figure(),
                        "`" + name + "`, " + section.taken().substring(0, 10),
                        section.load()))));
        return new Table(List.of("", "", "benchmark", "load average"), rows).markdown();
    }

    private void draw(String name, Section section) throws IOException {
        Optional<Chart> chart = Optional.ofNullable(section.chart());
        if (chart.isPresent()) {
            Files.createDirectories(root.resolve(image(name)).getParent());
            Plot.save(chart.get(), section, root.resolve(image(name)));
        }
    }

    private static String image(String name) {
        return "docs/images/benchmark-" + name + ".png";
    }

    private Path file() {
        return root.resolve("proof/benchmarks/results.json");
    }

    /** Writes the pages and the images from the file, without measuring anything. */
    public static void main(String[] arguments) throws IOException {
        new Results(Path.of("")).writeAll();
    }
}
