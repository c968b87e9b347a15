package io.pgheal.decide;

import io.pgheal.Internal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What to do, and why.
 *
 * @param evidenceBased whether it rests on evidence that the owner is gone: then a later call refutes it
 * @param certain whether that evidence is certain, which has a budget of its own
 * @param lookAgain for {@link Action#WAIT}: after how long the decision may be another one
 * @param operator who asked for it; null when pgheal decided by itself
 * @param asking whether the collector is to be asked meanwhile
 * @param saysRetained whether the reason says that something still refers to the culprit's connection
 */
@Internal
public record Decision(
        Action action,
        String reason,
        boolean evidenceBased,
        boolean certain,
        Duration lookAgain,
        @Nullable String operator,
        Asking asking,
        boolean saysRetained) {

    /** A decision of pgheal itself, without asking the collector. */
    public Decision(Action action, String reason, boolean evidenceBased, boolean certain, Duration lookAgain) {
        this(action, reason, evidenceBased, certain, lookAgain, null, Asking.NOT, false);
    }

    static Decision asked(Action action, String reason, String operator) {
        return new Decision(action, reason, false, false, Duration.ZERO, operator, Asking.NOT, false);
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

    /** The same, but only reported, because the mode, a rule or a safeguard forbids the heal. */
    public Decision onlyTold(String why) {
        return new Decision(
                Action.WOULD_HEAL,
                reason + "; not done: " + why,
                evidenceBased,
                certain,
                Duration.ZERO,
                operator,
                asking,
                saysRetained);
    }

    /** The same, but not yet. */
    public Decision later(String why, Duration lookAgain) {
        return new Decision(
                Action.WAIT,
                reason + "; not now: " + why,
                evidenceBased,
                certain,
                lookAgain,
                operator,
                asking,
                saysRetained);
    }

    /** The same, and the reason says that something still refers to the culprit's connection. */
    Decision retained(String more) {
        return new Decision(action, reason + more, evidenceBased, certain, lookAgain, operator, asking, true);
    }

    /** The same, and the collector is to be asked. */
    Decision asking(Asking when) {
        return new Decision(action, reason, evidenceBased, certain, lookAgain, operator, when, saysRetained);
    }

    /** The same, looked at again when the collector may have answered. */
    public Decision answeredIn(Duration time) {
        boolean sooner = lookAgain.isZero() || time.compareTo(lookAgain) < 0;
        return new Decision(
                action, reason, evidenceBased, certain, sooner ? time : lookAgain, operator, asking, saysRetained);
    }

    /**
     * The same where the collector is not asked: the reason says what this leaves open, and there is no answer to wait for.
     */
    public Decision unanswered(String why) {
        boolean waits = action == Action.WAIT;
        return new Decision(
                waits ? Action.REPORT : action,
                reason + "; the collector is not asked whether anything still refers to it: " + why
                        + ". Should a collection of its own find that nothing does, it is healed",
                evidenceBased,
                certain,
                waits ? Duration.ZERO : lookAgain,
                operator,
                Asking.NOT,
                saysRetained);
    }
}
