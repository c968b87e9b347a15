package io.pgheal.decide;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What to do, and why.
 *
 * @param evidenceBased whether it rests on evidence that the owner is gone: then a later call refutes it
 * @param certain whether that evidence is certain, which has a budget of its own
 * @param lookAgain for {@link Action#WAIT}: when the answer may be another one
 * @param operator who asked for it; null when pgheal decided by itself
 */
public record Decision(
        Action action,
        String reason,
        boolean evidenceBased,
        boolean certain,
        Duration lookAgain,
        @Nullable String operator) {

    /** What pgheal decides by itself. */
    public Decision(Action action, String reason, boolean evidenceBased, boolean certain, Duration lookAgain) {
        this(action, reason, evidenceBased, certain, lookAgain, null);
    }

    static Decision asked(Action action, String reason, String operator) {
        return new Decision(action, reason, false, false, Duration.ZERO, operator);
    }

    static Decision heal(String reason, boolean evidenceBased, boolean certain) {
        return new Decision(Action.HEAL, reason, evidenceBased, certain, Duration.ZERO);
    }

    static Decision report(String reason) {
        return new Decision(Action.REPORT, reason, false, false, Duration.ZERO);
    }

    static Decision reportAndLookAgain(String reason, Duration lookAgain) {
        return new Decision(Action.REPORT, reason, false, false, lookAgain);
    }

    static Decision waitFor(String reason, Duration lookAgain) {
        return new Decision(Action.WAIT, reason, false, false, lookAgain);
    }

    static Decision nothing(String reason) {
        return new Decision(Action.NOTHING, reason, false, false, Duration.ZERO);
    }

    /** The same, but only told: somebody or something has the last word. */
    public Decision onlyTold(String why) {
        return new Decision(
                Action.WOULD_HEAL, reason + "; not done: " + why, evidenceBased, certain, Duration.ZERO, operator);
    }

    /** The same, but not yet. */
    public Decision later(String why, Duration lookAgain) {
        return new Decision(Action.WAIT, reason + "; not now: " + why, evidenceBased, certain, lookAgain, operator);
    }
}
