package io.pgheal;

import io.pgheal.OverflowPools.Subject;
import io.pgheal.OverflowTrial.Pattern;
import io.pgheal.OverflowTrial.Result;
import io.pgheal.testserver.PostgresServer;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Prints the table of docs/poisoned-connections.md: what the next borrowers see behind pgheal, plain datasource-proxy and
 * other pools. A program of its own, no part of the build: {@code ./mvnw -Pthorough -pl core -am test
 * -Dtest=OverflowTable -Dsurefire.failIfNoSpecifiedTests=false}.
 */
@Tag("table")
@Timeout(value = 2, unit = TimeUnit.HOURS)
class OverflowTable {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @Test
    void print() throws Exception {
        int trials = Integer.getInteger("pgheal.test.overflows", 200);
        long seed = Long.getLong("pgheal.test.seed", 20261123);
        List<String> subjects = names("pgheal.test.subjects", "");
        List<String> patterns =
                names("pgheal.test.patterns", "JDBC_TEMPLATE,TRANSACTION_FINALLY_CLOSE,TRY_WITH_RESOURCES");
        OverflowPools pools = OverflowPools.thatGiveUpSoon(SERVER);
        StringBuilder table = new StringBuilder();
        table.append(
                "| lent by | code that overflows | trials that overflowed | a wrong answer | an error, or no answer "
                        + "| slots lost | untouched connections replaced |\n");
        table.append("|---|---|---|---|---|---|---|\n");
        for (Subject subject : Subject.values()) {
            if (!chosen(subjects, subject)) {
                continue;
            }
            for (Pattern pattern : Pattern.values()) {
                if (!chosen(patterns, pattern)) {
                    continue;
                }
                try (OverflowTrial trial = new OverflowTrial(subject, pools, seed)) {
                    Result seen = trial.run(pattern, trials);
                    table.append("| %s | %s | %d | %d | %d | %d | %d |%n"
                            .formatted(
                                    subject.text,
                                    pattern.name().toLowerCase(Locale.ROOT),
                                    seen.overflows(),
                                    seen.wrong(),
                                    seen.failed(),
                                    seen.lost(),
                                    seen.evicted()));
                    System.out.println(subject + " " + pattern + " " + seen);
                }
            }
        }
        System.out.println(table);
    }

    private static List<String> names(String property, String byDefault) {
        String given = System.getProperty(property, byDefault);
        return given.isEmpty() ? List.of() : List.of(given.split(","));
    }

    private static boolean chosen(List<String> names, Enum<?> one) {
        return names.isEmpty() || names.contains(one.name());
    }
}
