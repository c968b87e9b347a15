package io.pgheal;

import io.pgheal.OverflowTrial.Pattern;
import io.pgheal.OverflowTrial.Result;
import io.pgheal.OverflowTrial.Subject;
import io.pgheal.testserver.PostgresServer;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Prints the table of the README: what the next borrowers see behind pgheal, bare HikariCP and plain datasource-proxy. A
 * program of its own, no part of the build: {@code ./mvnw -pl core -am test -Dtest=OverflowTable
 * -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class OverflowTable {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @Test
    void print() throws Exception {
        int trials = Integer.getInteger("pgheal.test.overflows", 200);
        long seed = Long.getLong("pgheal.test.seed", 20261123);
        StringBuilder table = new StringBuilder();
        table.append(
                "| lent by | pattern | overflows | next borrower wrong | next borrower failed | slots lost | untouched connections replaced |\n");
        table.append("|---|---|---|---|---|---|---|\n");
        for (Subject subject : Subject.values()) {
            for (Pattern pattern : Pattern.values()) {
                try (OverflowTrial trial =
                        new OverflowTrial(subject, SERVER.url(), SERVER.user(), SERVER.password(), seed)) {
                    Result seen = trial.run(pattern, trials);
                    table.append("| %s | %s | %d | %d | %d | %d | %d |%n"
                            .formatted(
                                    subject.name().toLowerCase(Locale.ROOT),
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
}
