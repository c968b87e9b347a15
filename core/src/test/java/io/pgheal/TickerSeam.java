package io.pgheal;

import io.pgheal.track.Ticker;
import io.pgheal.witness.Witness;
import java.util.function.UnaryOperator;

/** Lets tests of other packages bring their own clock, with a witness that nobody has asked before. */
public final class TickerSeam {
    private TickerSeam() {}

    public static SelfHealingDataSource.Builder with(SelfHealingDataSource.Builder builder, Ticker ticker) {
        return builder.ticker(ticker);
    }

    /**
     * For several data sources with one witness, as those of a process have: each of its own would have the heap collected
     * for itself.
     */
    public static UnaryOperator<SelfHealingDataSource.Builder> forAll(Ticker ticker) {
        Witness witness = Witness.by(ticker);
        return builder -> builder.ticker(ticker).witness(witness);
    }
}
