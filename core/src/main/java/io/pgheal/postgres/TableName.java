package io.pgheal.postgres;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A table, always with its schema.
 *
 * @param partitionOf the topmost partitioned table that this one is a part of: rules are written for that one
 */
public record TableName(
        String schema, String name, @Nullable TableName partitionOf) {
    public TableName {
        Objects.requireNonNull(schema, "schema");
        Objects.requireNonNull(name, "name");
    }

    public TableName(String schema, String name) {
        this(schema, name, null);
    }

    /**
     * Reads {@code table} or {@code schema.table}, as one writes it in SQL: names without quotes are lower-cased, in double
     * quotes they are taken as they are. Without a schema it is {@code public}.
     */
    public static TableName parse(String text) {
        StringBuilder part = new StringBuilder();
        String schema = null;
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' && quoted && i + 1 < text.length() && text.charAt(i + 1) == '"') {
                part.append('"');
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == '.' && !quoted) {
                if (schema != null || part.isEmpty()) {
                    throw malformed(text);
                }
                schema = part.toString();
                part.setLength(0);
            } else {
                part.append(quoted ? c : Character.toLowerCase(c));
            }
        }
        if (quoted || part.isEmpty()) {
            throw malformed(text);
        }
        return new TableName(schema == null ? "public" : schema, part.toString());
    }

    private static IllegalArgumentException malformed(String text) {
        return new IllegalArgumentException(
                "a table is written as table or schema.table, each name in double quotes if need be, but was '" + text
                        + "'");
    }

    /** {@code schema.name}, without the schema when that is {@code public}. */
    @Override
    public String toString() {
        return schema.equals("public") ? name : schema + "." + name;
    }
}
