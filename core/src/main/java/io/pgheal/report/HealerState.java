package io.pgheal.report;

import io.pgheal.decide.HealingMode;
import io.pgheal.witness.Testimony;
import java.time.Duration;
import java.util.List;

/**
 * The state of the healer itself, for meters, health checks and operators. Immutable.
 *
 * @param connected whether the control connection is open
 * @param trouble why the healer is blind, empty while it is well
 * @param shortcomings what the control connection's role cannot see or do, each with what would help
 * @param proof how often and with what result pgheal has asked the garbage collector
 */
public record HealerState(
        HealingMode mode,
        boolean connected,
        String trouble,
        List<String> shortcomings,
        long queries,
        long lostEvents,
        Budget budget,
        Lent lent,
        Mishaps mishaps,
        Testimony proof) {
    public HealerState {
        shortcomings = List.copyOf(shortcomings);
    }

    /**
     * Failures since the start which the healer survived.
     *
     * @param actsGivenUp acts that hung beyond their deadline
     * @param actsRefused acts that were refused because too many others waited; pgheal looks at their subjects again
     * @param failedLooks looks of the healing loop that an error ended
     * @param pauses times that the process stood still, so that every clock started anew
     * @param lostNotices incidents that did not reach a listener, because it did not keep up
     * @param connects control connections that were opened
     * @param losses control connections that were lost, or could not be opened
     */
    public record Mishaps(
            long actsGivenUp,
            long actsRefused,
            long failedLooks,
            long pauses,
            long lostNotices,
            long connects,
            long losses) {}

    // ---- its parts

    /**
     * How many heals the safeguards still permit.
     *
     * @param signalsLeft heals by the user's rules that the budget still permits in its present minute
     * @param certainLeft the same by certain evidence
     */
    public record Budget(boolean breakerOpen, int signalsLeft, int certainLeft) {}

    /**
     * The open leases, and what is wrong with them.
     *
     * @param waitersBlocked running statements of ours that were seen to wait for a lock
     * @param quietest time since the last call of the open transaction that has been quiet the longest
     * @param retained leases whose owner looks gone, but to which something still refers
     * @param unproven the longest silence of an open transaction whose owner looks gone, and about which the garbage
     *     collector has not answered; zero where there is none
     */
    public record Lent(
            int leases,
            int openTransactions,
            int waitersBlocked,
            Duration quietest,
            int retained,
            Duration unproven,
            long quarantined) {}

    public boolean breakerOpen() {
        return budget.breakerOpen();
    }

    public int signalsLeft() {
        return budget.signalsLeft();
    }

    public int certainLeft() {
        return budget.certainLeft();
    }

    public int leases() {
        return lent.leases();
    }

    public int openTransactions() {
        return lent.openTransactions();
    }

    public int waitersBlocked() {
        return lent.waitersBlocked();
    }

    public Duration quietest() {
        return lent.quietest();
    }

    public int retained() {
        return lent.retained();
    }

    public Duration unproven() {
        return lent.unproven();
    }

    public long quarantined() {
        return lent.quarantined();
    }
}
