package io.pgheal.spring;

import io.pgheal.HealingConfig;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/**
 * The time limits of one table. Parsed from flat keys instead of bound to a class per table, so that
 * {@code public.users} needs no brackets and a misspelled limit is reported instead of ignored.
 */
record TableLimits(
        @Nullable Duration idleBlockerTimeout, @Nullable Duration activeBlockerTimeout) {

    private static final TableLimits NONE = new TableLimits(null, null);
    private static final String IDLE = "idle-blocker-timeout";
    private static final String ACTIVE = "active-blocker-timeout";

    /**
     * Parses the limits of all tables.
     *
     * @param prefix of the properties, up to the table's name
     * @param flat maps {@code <table>.<limit>} to a time
     */
    static Map<String, TableLimits> parse(String prefix, Map<String, String> flat) {
        Map<String, TableLimits> limits = new LinkedHashMap<>();
        flat.forEach((key, value) -> {
            int dot = key.lastIndexOf('.');
            String table = dot < 0 ? key : key.substring(0, dot);
            String limit = dot < 0 ? "" : PghealProperties.uniform(key.substring(dot + 1));
            TableLimits before = limits.getOrDefault(table, NONE);
            if (limit.equals(PghealProperties.uniform(IDLE))) {
                limits.put(table, new TableLimits(time(prefix + key, value), before.activeBlockerTimeout()));
            } else if (limit.equals(PghealProperties.uniform(ACTIVE))) {
                limits.put(table, new TableLimits(before.idleBlockerTimeout(), time(prefix + key, value)));
            } else {
                throw new InvalidPropertyException(
                        prefix + key + " is no property of pgheal",
                        "write " + prefix + "<table>." + IDLE + " or " + prefix + "<table>." + ACTIVE
                                + ", with the table as table, schema.table or, with *, in brackets: [schema.*]");
            }
        });
        return limits;
    }

    /**
     * Checks the names as written: Spring Boot drops a star outside brackets, and the rule would apply to another
     * table.
     */
    static void checkPatterns(ConfigurableEnvironment environment) {
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (source instanceof EnumerablePropertySource<?> enumerable) {
                for (String name : enumerable.getPropertyNames()) {
                    if (name.startsWith("pgheal.")
                            && name.replaceAll("\\[[^]]*]", "").contains("*")) {
                        throw new InvalidPropertyException(
                                name + " has a * outside brackets, which Spring Boot drops",
                                "write the pattern in brackets, such as pgheal.tables.[audit.*]." + IDLE
                                        + ", and in YAML with quotes around them");
                    }
                }
            }
        }
    }

    static Duration time(String property, String value) {
        try {
            return DurationStyle.detectAndParse(value);
        } catch (IllegalArgumentException e) {
            throw new InvalidPropertyException(
                    property + " is '" + value + "'", "write a time such as 2s or 500ms, or 0 for never");
        }
    }

    /** These limits; a limit that is unset here is taken from {@code general}. */
    TableLimits or(TableLimits general) {
        return new TableLimits(
                idleBlockerTimeout == null ? general.idleBlockerTimeout : idleBlockerTimeout,
                activeBlockerTimeout == null ? general.activeBlockerTimeout : activeBlockerTimeout);
    }

    void applyTo(HealingConfig.Builder config, String pattern) {
        config.table(pattern, rule -> {
            if (idleBlockerTimeout != null) {
                rule.idleBlockerTimeout(idleBlockerTimeout);
            }
            if (activeBlockerTimeout != null) {
                rule.activeBlockerTimeout(activeBlockerTimeout);
            }
        });
    }
}
