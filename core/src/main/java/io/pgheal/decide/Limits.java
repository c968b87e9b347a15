package io.pgheal.decide;

import io.pgheal.postgres.TableName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The time limits of decisions.
 *
 * @param grace how long a suspicion must hold while somebody waits before pgheal ends a retained lease, if {@code retained}
 *     permits it
 * @param patience how long a suspicion must hold when nobody waits before the collector is asked, and before pgheal ends a
 *     retained lease if {@code retained} permits it
 * @param idleBlockerTimeout how long a live owner may hold up others while idle in transaction; zero is for ever
 * @param activeBlockerTimeout likewise while its statement runs
 * @param retained what becomes of a lease that is under suspicion while something still refers to it
 */
public record Limits(
        Duration grace,
        Duration patience,
        Duration idleBlockerTimeout,
        Duration activeBlockerTimeout,
        List<TableRule> tables,
        Retained retained) {

    public Limits {
        tables = List.copyOf(tables);
    }

    /** A time as one writes it in a property. */
    public static String written(Duration time) {
        return time.toMillis() % 1000 == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms";
    }

    /** The shortest time after which anything is done: a clock must not be wrong by as much. */
    public Duration shortest() {
        return Stream.concat(
                        Stream.of(grace, patience, idleBlockerTimeout, activeBlockerTimeout),
                        tables.stream()
                                .flatMap(rule -> Stream.of(rule.idleBlockerTimeout(), rule.activeBlockerTimeout())))
                .filter(time -> time != null && !time.isZero())
                .min(Duration::compareTo)
                .orElse(patience);
    }

    Duration idleBlockerTimeout(Set<TableName> waited, boolean someUnknown) {
        return mostCareful(waited, someUnknown, idleBlockerTimeout, TableRule::idleBlockerTimeout);
    }

    Duration activeBlockerTimeout(Set<TableName> waited, boolean someUnknown) {
        return mostCareful(waited, someUnknown, activeBlockerTimeout, TableRule::activeBlockerTimeout);
    }

    /** The longest of the times that apply, and never (zero) is longer than any. */
    private Duration mostCareful(
            Set<TableName> waited, boolean someUnknown, Duration global, Function<TableRule, @Nullable Duration> time) {
        List<Duration> applying = new ArrayList<>();
        for (TableName table : waited) {
            List<Duration> forTable = new ArrayList<>();
            for (TableRule rule : tables) {
                Duration own = rule.appliesTo(table) ? time.apply(rule) : null;
                if (own != null) {
                    forTable.add(own);
                }
            }
            applying.addAll(forTable.isEmpty() ? List.of(global) : forTable);
        }
        if (someUnknown || applying.isEmpty()) {
            applying.add(global);
        }
        return applying.stream().reduce(Limits::moreCareful).orElse(global);
    }

    private static Duration moreCareful(Duration one, Duration other) {
        if (one.isZero() || other.isZero()) {
            return Duration.ZERO;
        }
        return one.compareTo(other) >= 0 ? one : other;
    }
}
