package io.pgheal.track;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The table that the build writes the handles from, as the tests read it: what each method of JDBC is. */
final class HandlesTable {
    private static final Path TABLE = Path.of("src/main/handles/handles.table");
    private static final Pattern HEADING =
            Pattern.compile("(?:abstract |final )?class \\w+ extends (\\w+)(?: implements (\\w+))?: \\w+");
    private static final Pattern METHOD = Pattern.compile("(\\w+)(\\([^)]*\\))?");

    /** Column where the methods begin. */
    private static final int METHODS = 16;

    /** By the name of the interface, and by the name of the method, with or without its parameters. */
    private static final Map<String, Map<String, String>> KINDS = read();

    private HandlesTable() {}

    /** What a method is that the type itself declares; null where the table does not say it. */
    static @Nullable String kind(Class<?> type, Method method) {
        Map<String, String> kinds = KINDS.get(type.getSimpleName());
        if (kinds == null) {
            return null;
        }
        String withParameters = Arrays.stream(method.getParameterTypes())
                .map(Class::getSimpleName)
                .collect(Collectors.joining(",", method.getName() + "(", ")"));
        return kinds.getOrDefault(withParameters, kinds.get(method.getName()));
    }

    static Set<String> types() {
        return KINDS.keySet();
    }

    /** The call that is counted for a method of this kind; null where none is. */
    static @Nullable Call call(String kind) {
        return switch (kind) {
            case "fetch" -> Call.FETCH;
            case "prepare" -> Call.PREPARE;
            case "execute", "update" -> Call.EXECUTE;
            case "host", "read" -> Call.HOST;
            case "reset", "close" -> Call.RESET;
            case "release" -> Call.LOCAL;
            case "touch", "warnings", "check", "ask", "closed", "connection" -> null;
            default -> throw new IllegalArgumentException(kind);
        };
    }

    private static Map<String, Map<String, String>> read() {
        Map<String, Map<String, String>> read = new HashMap<>();
        Map<String, String> methods = Map.of();
        String kind = "";
        try {
            for (String line : Files.readAllLines(TABLE)) {
                Matcher heading = HEADING.matcher(line);
                if (heading.matches()) {
                    methods = new HashMap<>();
                    read.put(heading.group(2) == null ? heading.group(1) : heading.group(2), methods);
                } else if (!line.isBlank() && !line.startsWith("#")) {
                    String word = line.substring(0, METHODS).strip();
                    kind = word.isEmpty() ? kind : word;
                    Matcher method = METHOD.matcher(line.substring(METHODS));
                    while (method.find()) {
                        methods.put(method.group().replace(" ", ""), kind);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return read;
    }
}
