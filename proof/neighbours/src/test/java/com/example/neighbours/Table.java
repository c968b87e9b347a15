package com.example.neighbours;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.boot.SpringBootVersion;

/**
 * What was seen of each application, in Markdown. Several JVMs, of both modules, write rows of the one file: each reads
 * it, and writes it anew with its own.
 */
final class Table {
    static final Path FILE = Path.of("../neighbours/target/neighbours.md");

    private static final List<String> COLUMNS =
            List.of("starts", "guarded", "connected", "a leak is healed", "does its own work");
    private static final String HEAD = "| line | Spring Boot | " + String.join(" | ", COLUMNS) + " |\n" + "|---|---|"
            + "---|".repeat(COLUMNS.size()) + "\n";

    private Table() {}

    static final class Row {
        private final String line;
        private final Map<String, String> cells = new LinkedHashMap<>();

        Row(String line) {
            this.line = line;
        }

        String line() {
            return line;
        }

        /** A later look of the same kind adds to the cell; a bad one stays. */
        void cell(String column, String seen) {
            cells.merge(
                    column,
                    seen,
                    (before, now) -> before.equals("yes") || now.equals("**no**")
                            ? now
                            : before.equals("**no**") || now.equals(before) ? before : before + ", " + now);
        }

        boolean is(String column) {
            return !cells.getOrDefault(column, "**no**").equals("**no**");
        }

        void write() {
            String version = SpringBootVersion.getVersion().replaceAll("\\.\\d+$", "");
            Table.write(
                    "| " + line + " | " + version + " |",
                    COLUMNS.stream()
                            .map(column -> cells.getOrDefault(column, "–"))
                            .collect(Collectors.joining(" | ", " ", " |")));
        }
    }

    private static void write(String key, String cells) {
        try {
            Files.createDirectories(FILE.getParent());
            try (FileChannel file = FileChannel.open(
                            FILE, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
                    FileLock lock = file.lock()) {
                ByteBuffer before = ByteBuffer.allocate((int) file.size());
                while (before.hasRemaining() && file.read(before) >= 0) {
                    // to its end
                }
                Map<String, String> rows = new TreeMap<>();
                new String(before.array(), StandardCharsets.UTF_8)
                        .lines()
                        .skip(2)
                        .forEach(row -> {
                            int cut = row.indexOf('|', row.indexOf('|', 1) + 1) + 1;
                            rows.put(row.substring(0, cut), row.substring(cut));
                        });
                rows.put(key, cells);
                StringBuilder text = new StringBuilder(HEAD);
                rows.forEach((row, seen) -> text.append(row).append(seen).append('\n'));
                file.truncate(0);
                file.write(ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)), 0);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
