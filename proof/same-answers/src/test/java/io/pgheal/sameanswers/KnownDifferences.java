package io.pgheal.sameanswers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What may differ, and why: {@code differences.txt}. */
final class KnownDifferences {
    private static final Path WRITTEN = Path.of("differences.txt");

    private final List<Section> sections;

    private KnownDifferences(List<Section> sections) {
        this.sections = sections;
    }

    /** A heading of the page, what stands below it, and a table. */
    private record Section(String title, List<String> text, List<Entry> entries) {}

    /** One line. Each column is a pattern, or several with {@code or} between them; {@code *} is for any text. */
    private record Entry(String call, String state, String way, String without, String with, String why) {
        static Entry of(String line) {
            String[] columns = line.split(" \\| ", -1);
            if (columns.length != 6) {
                throw new IllegalStateException("not six columns: " + line);
            }
            return new Entry(columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]);
        }

        boolean isOver(Way other) {
            return matches(way, other.toString());
        }

        boolean allows(Difference difference) {
            return isOver(difference.way())
                    && matches(state, difference.state())
                    && matches(call, difference.call())
                    && matches(without, difference.without())
                    && matches(with, difference.with());
        }

        private static boolean matches(String pattern, String text) {
            return Arrays.stream(pattern.split(" or "))
                    .anyMatch(each -> Pattern.compile(
                                    Arrays.stream(each.split("\\*", -1))
                                            .map(Pattern::quote)
                                            .collect(Collectors.joining(".*")),
                                    Pattern.DOTALL)
                            .matcher(text)
                            .matches());
        }

        String row() {
            return List.of(code(call), plain(state), plain(way), code(without), code(with), why).stream()
                    .collect(Collectors.joining(" | ", "| ", " |"));
        }

        private static String code(String patterns) {
            return Arrays.stream(patterns.split(" or "))
                    .map(each -> each.equals("*") ? "any" : "`" + each + "`")
                    .collect(Collectors.joining(", "));
        }

        private static String plain(String patterns) {
            return patterns.equals("*") ? "any" : patterns.replace(" or ", ", ").replace("*", "\\*");
        }
    }

    static KnownDifferences read() throws IOException {
        List<Section> sections = new ArrayList<>();
        for (String line : Files.readAllLines(WRITTEN)) {
            if (line.startsWith("## ")) {
                sections.add(new Section(line, new ArrayList<>(), new ArrayList<>()));
            } else if (line.startsWith("#") || line.isBlank()) {
                continue;
            } else if (line.contains(" | ")) {
                sections.get(sections.size() - 1).entries().add(Entry.of(line));
            } else {
                sections.get(sections.size() - 1).text().add(line);
            }
        }
        return new KnownDifferences(sections);
    }

    /** Those that no line allows. */
    List<Difference> unknown(List<Difference> differences) {
        return differences.stream().filter(it -> line(it) == null).toList();
    }

    /** Lines that allow nothing, or nothing that a line above does not allow. */
    Set<String> needless(Way way, List<Difference> differences) {
        Set<Entry> needless = new LinkedHashSet<>();
        sections.forEach(it -> needless.addAll(it.entries()));
        needless.removeIf(it -> !it.isOver(way));
        differences.forEach(it -> needless.remove(line(it)));
        return needless.stream().map(Entry::toString).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** The first line that allows it. */
    private Entry line(Difference difference) {
        return sections.stream()
                .flatMap(it -> it.entries().stream())
                .filter(it -> it.allows(difference))
                .findFirst()
                .orElse(null);
    }

    /** The tables of the page. */
    List<String> page() {
        List<String> lines = new ArrayList<>();
        for (Section section : sections) {
            lines.add("");
            lines.add(section.title());
            lines.addAll(section.text());
            lines.add("");
            lines.add("| call | when | over | without pgheal | with pgheal | why |");
            lines.add("|---|---|---|---|---|---|");
            section.entries().forEach(it -> lines.add(it.row()));
        }
        return lines;
    }
}
