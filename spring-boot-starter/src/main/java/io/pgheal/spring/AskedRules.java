package io.pgheal.spring;

import static io.pgheal.spring.PghealProperties.ifSet;

import io.pgheal.HealingConfig;
import io.pgheal.decide.SpareRules;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A requested change of the rules while the application runs, as text. A null field leaves its rule as it is; a given
 * set replaces the previous one.
 *
 * @param table a table or a pattern: then the two limits apply to it, and {@code unset} removes one; otherwise they are
 *     global
 */
record AskedRules(
        @Nullable String table,
        @Nullable String idleBlockerTimeout,
        @Nullable String activeBlockerTimeout,
        @Nullable String abandonedGrace,
        @Nullable String abandonedPatience,
        @Nullable Set<String> spareUsers,
        @Nullable Set<String> spareApplicationNames,
        @Nullable Set<String> spareDatabases,
        @Nullable Set<String> spareTables,
        @Nullable Set<String> spareStatementTags) {
    private static final String UNSET = "unset";

    boolean isNothing() {
        return Stream.of(
                        table,
                        idleBlockerTimeout,
                        activeBlockerTimeout,
                        abandonedGrace,
                        abandonedPatience,
                        spareUsers,
                        spareApplicationNames,
                        spareDatabases,
                        spareTables,
                        spareStatementTags)
                .allMatch(Objects::isNull);
    }

    /**
     * Applies the requested change to the previous rules.
     *
     * @throws IllegalArgumentException with a sentence that says what to write instead
     */
    HealingConfig appliedTo(HealingConfig before) {
        HealingConfig.Builder config = before.toBuilder();
        ifSet(abandonedGrace, text -> config.abandonedGrace(TableLimits.time("abandonedGrace", text)));
        ifSet(abandonedPatience, text -> config.abandonedPatience(TableLimits.time("abandonedPatience", text)));
        if (table == null) {
            ifSet(idleBlockerTimeout, text -> config.idleBlockerTimeout(TableLimits.time("idleBlockerTimeout", text)));
            ifSet(
                    activeBlockerTimeout,
                    text -> config.activeBlockerTimeout(TableLimits.time("activeBlockerTimeout", text)));
        } else if (idleBlockerTimeout == null && activeBlockerTimeout == null) {
            throw new IllegalArgumentException(
                    "nothing is said about the table; write idleBlockerTimeout or activeBlockerTimeout");
        } else {
            config.table(table, rule -> {
                ifSet(idleBlockerTimeout, text -> rule.idleBlockerTimeout(limit("idleBlockerTimeout", text)));
                ifSet(activeBlockerTimeout, text -> rule.activeBlockerTimeout(limit("activeBlockerTimeout", text)));
            });
        }
        SpareRules spare = before.spare();
        config.spare(
                spareUsers == null ? spare.users() : spareUsers,
                spareApplicationNames == null ? spare.applicationNames() : spareApplicationNames,
                spareDatabases == null ? spare.databases() : spareDatabases,
                spareTables == null ? spare.tables() : spareTables);
        ifSet(spareStatementTags, config::spareStatementTags);
        return config.build();
    }

    private static @Nullable Duration limit(String name, String text) {
        return text.equals(UNSET) ? null : TableLimits.time(name, text);
    }
}
