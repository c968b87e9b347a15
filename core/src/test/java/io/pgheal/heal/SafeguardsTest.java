package io.pgheal.heal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Budgets and breaker have the last word. */
class SafeguardsTest {
    private static final Decision CERTAIN = new Decision(Action.HEAL, "certain", true, true, Duration.ZERO);
    private static final Decision STRONG = new Decision(Action.HEAL, "strong", true, false, Duration.ZERO);

    @Test
    void beyondItsBudgetAHealIsOnlyTold() {
        Safeguards safeguards = new Safeguards("test", 2, 3);
        assertThat(permitted(safeguards, STRONG)).isTrue();
        assertThat(permitted(safeguards, STRONG)).isTrue();
        Decision refused = safeguards.permit(STRONG);
        assertThat(refused.action()).isEqualTo(Action.WOULD_HEAL);
        assertThat(refused.reason()).contains("budget.signals-per-minute");
        assertThat(permitted(safeguards, CERTAIN))
                .as("certain cases have a budget of their own")
                .isTrue();
        assertThat(permitted(safeguards, CERTAIN)).isTrue();
        assertThat(permitted(safeguards, CERTAIN)).isTrue();
        assertThat(safeguards.permit(CERTAIN).reason()).contains("budget.certain-per-minute");
    }

    @Test
    void healsThatDoNotHelpComeToAnEnd() {
        Safeguards safeguards = new Safeguards("test", 100, 100);
        for (int i = 0; i < 4; i++) {
            assertThat(safeguards.permit(CERTAIN).action()).isEqualTo(Action.HEAL);
            safeguards.ended(new Outcome(OutcomeKind.UNRESOLVED, List.of(), null, Duration.ofSeconds(1)));
        }
        assertThat(safeguards.isBreakerOpen()).isTrue();
        Decision refused = safeguards.permit(CERTAIN);
        assertThat(refused.action()).isEqualTo(Action.WOULD_HEAL);
        assertThat(refused.reason()).contains("breaker");
    }

    /** It may hang, and never be told as ended. */
    @Test
    void theBreakersOneTrialIsNotWaitedForForEver() {
        assertThat(new Safeguards("test", 1, 1)
                        .breaker()
                        .getCircuitBreakerConfig()
                        .getMaxWaitDurationInHalfOpenState())
                .isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void anOpenBreakerUsesUpNoBudget() {
        Safeguards safeguards = new Safeguards("test", 5, 5);
        for (int i = 0; i < 4; i++) {
            safeguards.permit(STRONG);
            safeguards.ended(new Outcome(OutcomeKind.UNRESOLVED, List.of(), null, Duration.ofSeconds(1)));
        }
        safeguards.permit(STRONG);
        assertThat(safeguards.signalsLeft()).isEqualTo(1);
    }

    @Test
    void whatWasWithdrawnCountsForNothing() {
        Safeguards safeguards = new Safeguards("test", 100, 100);
        for (int i = 0; i < 20; i++) {
            safeguards.permit(CERTAIN);
            safeguards.ended(Outcome.untouched(OutcomeKind.WITHDRAWN));
        }
        assertThat(safeguards.isBreakerOpen()).isFalse();
    }

    /** That the server does not answer says nothing of whether heals help. */
    @Test
    void whatCouldNotBeDoneOrNotBeVerifiedCountsForNothing() {
        Safeguards safeguards = new Safeguards("test", 100, 100);
        for (OutcomeKind kind : List.of(OutcomeKind.REPORTED, OutcomeKind.RELEASED_UNVERIFIED)) {
            for (int i = 0; i < 10; i++) {
                safeguards.permit(CERTAIN);
                safeguards.ended(Outcome.untouched(kind));
            }
        }
        assertThat(safeguards.isBreakerOpen()).isFalse();
    }

    @Test
    void aHealBeyondItsBudgetDoesNotUseUpTheBreakersOneTrial() {
        Safeguards safeguards = new Safeguards("test", 1, 1);
        assertThat(permitted(safeguards, STRONG)).isTrue();
        safeguards.breaker().transitionToOpenState();
        safeguards.breaker().transitionToHalfOpenState();
        assertThat(safeguards.permit(STRONG).reason()).contains("budget");
        assertThat(permitted(safeguards, CERTAIN)).isTrue();
    }

    private static boolean permitted(Safeguards safeguards, Decision decision) {
        boolean permitted = safeguards.permit(decision).action() == Action.HEAL;
        if (permitted) {
            safeguards.ended(new Outcome(OutcomeKind.HEALED, List.of(), null, Duration.ZERO));
        }
        return permitted;
    }
}
