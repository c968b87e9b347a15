package io.pgheal.chaos;

import io.pgheal.report.Incident;
import io.pgheal.report.IncidentListener;

/** An application's listener that throws or blocks, as the dice fall: healing must not notice. Called by one thread. */
final class TroublesomeListener implements IncidentListener {
    private static final int THROWS = 30;
    private static final int BLOCKS = 3;

    private final Dice dice;
    private final Tally tally;

    TroublesomeListener(Dice dice, Tally tally) {
        this.dice = dice;
        this.tally = tally;
    }

    @Override
    public void onIncident(Incident incident) {
        int draw = dice.below(100);
        if (draw < BLOCKS) {
            tally.count("listener.blocked");
            Threads.pause(dice.millis(500, 2_000));
        } else if (draw < BLOCKS + THROWS) {
            tally.count("listener.threw");
            if (draw % 2 == 0) {
                throw new IllegalStateException("a listener's own fault");
            }
            throw new AssertionError("a listener's own fault");
        }
    }
}
