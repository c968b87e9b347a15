package io.pgheal.report;

import io.pgheal.decide.HealingMode;
import java.time.Duration;
import java.util.List;

/**
 * How the healer itself is. Asked by meters, health and people; cheap, thread-safe to ask.
 *
 * @param connected whether the control connection is open
 * @param trouble why the healer is blind, empty while it is well
 * @param shortcomings what the control connection's role cannot see or do, each with what would help
 * @param quietest since the last call of the open transaction that has been quiet the longest
 */
public record HealerState(
        HealingMode mode,
        boolean connected,
        String trouble,
        List<String> shortcomings,
        boolean breakerOpen,
        int leases,
        int openTransactions,
        Duration quietest,
        long quarantined,
        long queries,
        long lostEvents) {
    public HealerState {
        shortcomings = List.copyOf(shortcomings);
    }
}
