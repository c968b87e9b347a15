package io.pgheal.decide;

import io.pgheal.diagnose.Diagnosis;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.TableName;
import io.pgheal.track.LeaseSnapshot;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The sessions that pgheal never ends, whatever the evidence. Names are compared exactly, tables as {@code schema.table}.
 *
 * @param statementTags a transaction of ours that ran a statement with one of them in a comment is spared to its end
 */
public record SpareRules(
        Set<String> users,
        Set<String> applicationNames,
        Set<String> databases,
        Set<String> tables,
        Set<String> statementTags) {
    public static final SpareRules NONE = new SpareRules(Set.of(), Set.of(), Set.of(), Set.of());

    /** Without statement tags. */
    public SpareRules(Set<String> users, Set<String> applicationNames, Set<String> databases, Set<String> tables) {
        this(users, applicationNames, databases, tables, Set.of());
    }

    public SpareRules {
        users = Set.copyOf(users);
        applicationNames = Set.copyOf(applicationNames);
        databases = Set.copyOf(databases);
        tables = Set.copyOf(tables);
        statementTags = Set.copyOf(statementTags);
    }

    /** The same with these tags. */
    public SpareRules withStatementTags(Set<String> tags) {
        return new SpareRules(users, applicationNames, databases, tables, tags);
    }

    /** Whether there is a rule that needs the server's view of the session. */
    private boolean asksTheServer() {
        return !(users.isEmpty() && applicationNames.isEmpty() && databases.isEmpty() && tables.isEmpty());
    }

    /** Why this culprit is spared, if it is. Where the rule cannot be checked, it counts as met. */
    Optional<String> spares(Diagnosis diagnosis) {
        LeaseSnapshot lease = diagnosis.lease();
        if (lease != null && contains(statementTags, lease.statementTag())) {
            return Optional.of("pgheal.spare.statement-tags has " + lease.statementTag());
        }
        Backend backend = diagnosis.backend();
        if (backend == null) {
            return asksTheServer()
                    ? Optional.of("pgheal.spare.* is set, and the server could not be asked whether it applies")
                    : Optional.empty();
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
            TableName whole = table.partitionOf();
            if (isNamed(table) || (whole != null && isNamed(whole))) {
                return Optional.of("pgheal.spare.tables has " + table);
            }
        }
        if (!tables.isEmpty() && diagnosis.mayHoldMore()) {
            return Optional.of("pgheal.spare.tables is set, and it may hold more locks than are asked for");
        }
        return Optional.empty();
    }

    private boolean isNamed(TableName table) {
        return tables.contains(table.toString()) || tables.contains(table.schema() + "." + table.name());
    }

    private static boolean contains(Set<String> names, @Nullable String name) {
        return name != null && names.contains(name);
    }
}
