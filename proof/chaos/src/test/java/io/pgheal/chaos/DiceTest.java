package io.pgheal.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What makes a seed replay the same plan. */
class DiceTest {

    @Test
    void theSameSeedDrawsTheSameForEachActor() {
        assertThat(draws(Dice.of(42, "teller-1"))).isEqualTo(draws(Dice.of(42, "teller-1")));
        assertThat(draws(Dice.of(42, "teller-1"))).isNotEqualTo(draws(Dice.of(42, "teller-2")));
        assertThat(draws(Dice.of(42, "teller-1"))).isNotEqualTo(draws(Dice.of(43, "teller-1")));
    }

    @Test
    void howOftenOneActThrowsDoesNotShiftTheNext() {
        Dice one = Dice.of(7, "weather");
        Dice other = Dice.of(7, "weather");
        one.split().token();
        Dice act = other.split();
        act.token();
        act.token();
        assertThat(one.split().token()).isEqualTo(other.split().token());
    }

    private static List<Long> draws(Dice dice) {
        List<Long> drawn = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            drawn.add(dice.token());
        }
        return drawn;
    }
}
