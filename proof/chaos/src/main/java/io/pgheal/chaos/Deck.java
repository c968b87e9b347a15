package io.pgheal.chaos;

import java.util.ArrayList;
import java.util.List;

/** Draws like cards of a pack: each comes up once in every round, so that none is missing from a short soak by chance. */
final class Deck<T> {
    private final List<T> pack;
    private final Dice dice;
    private final List<T> left = new ArrayList<>();

    Deck(List<T> pack, Dice dice) {
        this.pack = List.copyOf(pack);
        this.dice = dice;
    }

    T draw() {
        if (left.isEmpty()) {
            left.addAll(pack);
        }
        return left.remove(dice.below(left.size()));
    }

    void skip(int cards) {
        for (int i = 0; i < cards; i++) {
            draw();
        }
    }
}
