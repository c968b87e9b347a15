package io.pgheal.decide;

import io.pgheal.diagnose.Diagnosis;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.TableName;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Whom pgheal never touches, whatever the evidence. Compared exactly, tables as {@code schema.table}. */
public record SpareRules(Set<String> users, Set<String> applicationNames, Set<String> databases, Set<String> tables) {
    public static final SpareRules NONE = new SpareRules(Set.of(), Set.of(), Set.of(), Set.of());

    public SpareRules {
        users = Set.copyOf(users);
        applicationNames = Set.copyOf(applicationNames);
        databases = Set.copyOf(databases);
        tables = Set.copyOf(tables);
    }

    /** Why this culprit is spared, if it is. Where the rule cannot be checked, it counts as met. */
    Optional<String> spares(Diagnosis diagnosis) {
        Backend backend = diagnosis.backend();
        if (backend == null) {
            return equals(NONE)
                    ? Optional.empty()
                    : Optional.of("pgheal.spare.* is set, and the server could not be asked whether it applies");
        }
        if (contains(users, backend.user())) {
            return Optional.of("pgheal.spare.users has " + backend.user());
        }
        if (contains(applicationNames, backend.applicationName())) {
            return Optional.of("pgheal.spare.application-names has " + backend.applicationName());
        }
        if (contains(databases, backend.database())) {
            return Optional.of("pgheal.spare.databases has " + backend.database());
        }
        for (TableName table : diagnosis.tables()) {
            if (tables.contains(table.toString()) || tables.contains(table.schema() + "." + table.name())) {
                return Optional.of("pgheal.spare.tables has " + table);
            }
        }
        return Optional.empty();
    }

    private static boolean contains(Set<String> names, @Nullable String name) {
        return name != null && names.contains(name);
    }
}
