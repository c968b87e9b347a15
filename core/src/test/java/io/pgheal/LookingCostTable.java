package io.pgheal;

import io.pgheal.testserver.PostgresServer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Prints what each question costs on a crowded server. A program of its own, no part of the build: {@code ./mvnw -Pthorough
 * -pl core -am test -Dtest=LookingCostTable -Dsurefire.failIfNoSpecifiedTests=false}.
 */
@Tag("table")
@Timeout(value = 2, unit = TimeUnit.HOURS)
class LookingCostTable {
    @RegisterExtension
    static final PostgresServer SERVER =
            PostgresServer.dedicated().config("max_connections", "1100").config("max_locks_per_transaction", "256");

    @Test
    void print() throws Exception {
        StringBuilder table = new StringBuilder();
        table.append("| sessions | locks | is anybody waiting | is it gone | who waits for whom | ... with tables"
                + " | the story of one |\n");
        table.append("|---|---|---|---|---|---|---|\n");
        for (int sessions : new int[] {10, 1000}) {
            for (int locks : new int[] {1, 10_000, 100_000}) {
                LookingCost cost = LookingCost.on(SERVER, sessions, locks);
                table.append("| %d | %d | %s | %s | %s | %s | %s |%n"
                        .formatted(
                                sessions,
                                locks,
                                millis(cost.inTheWay()),
                                millis(cost.transactionGone()),
                                millis(cost.cheapTree()),
                                millis(cost.fullTree()),
                                millis(cost.story())));
            }
        }
        System.out.println(table);
    }

    private static String millis(Duration time) {
        return "%.1f ms".formatted(time.toNanos() / 1e6);
    }
}
