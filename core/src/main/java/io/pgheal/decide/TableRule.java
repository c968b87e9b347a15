package io.pgheal.decide;

import io.pgheal.postgres.TableName;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Time limits for the tables that matter, for a lock that a live owner holds while somebody waits for it.
 *
 * @param pattern {@code table} or {@code schema.table}, with {@code *} for any characters; a table without schema is one
 *     of {@code public}; a partition counts as its parent
 * @param idleBlockerTimeout null: as the global one; zero: never
 * @param activeBlockerTimeout likewise
 */
public record TableRule(
        String pattern,
        @Nullable Duration idleBlockerTimeout,
        @Nullable Duration activeBlockerTimeout) {

    public TableRule {
        if (!pattern.matches("[^\\s.]+(\\.[^\\s.]+)?")) {
            throw new IllegalArgumentException("pgheal.tables: '" + pattern
                    + "' is no table; write table or schema.table, with * for any characters");
        }
        notNegative(pattern, "idle-blocker-timeout", idleBlockerTimeout);
        notNegative(pattern, "active-blocker-timeout", activeBlockerTimeout);
    }

    private static void notNegative(String pattern, String name, @Nullable Duration value) {
        if (value != null && value.isNegative()) {
            throw new IllegalArgumentException("pgheal.tables." + pattern + "." + name + " is " + Limits.written(value)
                    + "; write 0 for never, or a time such as 2s");
        }
    }

    boolean appliesTo(TableName table) {
        TableName whole = table.partitionOf() == null ? table : table.partitionOf();
        return matches(whole) || matches(table);
    }

    private boolean matches(TableName table) {
        String qualified = pattern.contains(".") ? pattern : "public." + pattern;
        String regex = "\\Q" + qualified.replace("*", "\\E.*\\Q") + "\\E";
        return Pattern.matches(regex, table.schema() + "." + table.name());
    }
}
