package io.pgheal.report;

import io.pgheal.decide.HealingMode;
import io.pgheal.witness.Testimony;
import java.time.Duration;
import java.util.List;

/**
 * How the healer itself is. Asked by meters, health and people; cheap, thread-safe to ask.
 *
 * @param connected whether the control connection is open
 * @param trouble why the healer is blind, empty while it is well
 * @param shortcomings what the control connection's role cannot see or do, each with what would help
 * @param proof where the garbage collector as witness stands
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
     * What befell the healer since the start, and it went on.
     *
     * @param actsGivenUp acts that hung beyond their deadline
     * @param actsRefused acts that found too many others waiting; what they were for is looked at again
     * @param failedLooks looks of the healing loop that an error ended
     * @param pauses times that the process stood still, so that every clock started anew
     * @param lostNotices incidents that a listener was not told of, because it did not keep up
     * @param connects control connections that were opened
     * @param losses control connections that were lost, or could not be had
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
     * How many heals it may still do.
     *
     * @param signalsLeft heals at the user's say that the budget still allows in its present minute
     * @param certainLeft the same by certain evidence
     */
    public record Budget(boolean breakerOpen, int signalsLeft, int certainLeft) {}

    /**
     * What is lent, and what is wrong with it.
     *
     * @param waitersBlocked statements of ours whose wait for a lock was seen, and which are not over
     * @param quietest since the last call of the open transaction that has been quiet the longest
     * @param retained leases whose owner looks gone, but to which something still refers
     * @param unproven for so long the open transaction has been silent whose owner looks gone, and of which the witness has not
     *     told: the longest; zero where there is none
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
