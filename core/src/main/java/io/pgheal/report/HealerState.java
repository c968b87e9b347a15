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
 * @param signalsLeft heals by strong evidence or time limit that the budget still allows in its present minute
 * @param certainLeft the same by certain evidence
 * @param waitersBlocked statements of ours whose wait for a lock was seen, and which are not over
 * @param quietest since the last call of the open transaction that has been quiet the longest
 */
public record HealerState(
        HealingMode mode,
        boolean connected,
        String trouble,
        List<String> shortcomings,
        boolean breakerOpen,
        int signalsLeft,
        int certainLeft,
        int leases,
        int openTransactions,
        int waitersBlocked,
        Duration quietest,
        long quarantined,
        long queries,
        long lostEvents) {
    public HealerState {
        shortcomings = List.copyOf(shortcomings);
    }
}
