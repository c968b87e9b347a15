package io.pgheal.bench;

import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/** Measured values of one kind, in the order in which they were taken. Immutable. */
public final class Samples {
    private static final int RESAMPLED = 10_000;
    /** Of fewer values one in twenty samples, or more, lies wholly on one side of their median. */
    private static final int FEWEST_ROUNDS = 6;

    private final double[] taken;
    private final double[] sorted;

    private Samples(double[] taken) {
        if (taken.length == 0) {
            throw new IllegalArgumentException("nothing was measured");
        }
        this.taken = taken;
        this.sorted = taken.clone();
        Arrays.sort(sorted);
    }

    public static Samples of(double... values) {
        return new Samples(values.clone());
    }

    static Samples of(java.util.Collection<Double> values) {
        return new Samples(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    int count() {
        return taken.length;
    }

    double median() {
        return quantile(0.5);
    }

    double p99() {
        return quantile(0.99);
    }

    double max() {
        return sorted[sorted.length - 1];
    }

    double min() {
        return sorted[0];
    }

    double mean() {
        return Arrays.stream(taken).sum() / taken.length;
    }

    /** By linear interpolation between the two values next to it. */
    double quantile(double q) {
        double at = q * (sorted.length - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    /** A value with the interval in which it lies with 95 %, from so many rounds. */
    public record Interval(double value, double low, double high, int rounds) {
        static final String NO_VERDICT = "no verdict: the noise of this run is wider than the difference";
        static final String TOO_FEW = "no verdict: too few rounds";

        /**
         * What may be said of a cost, beside the interval that the same thing measured against itself has in the same run:
         * something only where the two intervals have no value in common.
         */
        String verdict(Interval noise) {
            if (rounds < FEWEST_ROUNDS) {
                return TOO_FEW;
            }
            return low > noise.high ? "dearer" : high < noise.low ? "cheaper" : NO_VERDICT;
        }

        /** A ratio. */
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.3f [%.3f, %.3f]", value, low, high);
        }

        /** An amount. */
        String whole() {
            return String.format(Locale.ROOT, "%.0f [%.0f, %.0f]", value, low, high);
        }
    }

    /**
     * The median of the ratios to {@code base}, round by round, with its bootstrap interval. Both were measured in the
     * same rounds, so that what disturbs a whole round falls out.
     */
    Interval ratioTo(Samples base) {
        double[] ratios = new double[taken.length];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = taken[i] / base.taken[i];
        }
        return new Samples(ratios).bootstrap(Samples::median);
    }

    /** The median of the differences to {@code base}, round by round, likewise. */
    Interval differenceTo(Samples base) {
        double[] differences = new double[taken.length];
        for (int i = 0; i < differences.length; i++) {
            differences[i] = taken[i] - base.taken[i];
        }
        return new Samples(differences).bootstrap(Samples::median);
    }

    /** The statistic of the sample, and the 2.5 % and 97.5 % quantiles of it over resamples with replacement. */
    Interval bootstrap(ToDoubleFunction<Samples> statistic) {
        Random random = new Random(42);
        double[] seen = new double[RESAMPLED];
        double[] resample = new double[taken.length];
        for (int i = 0; i < RESAMPLED; i++) {
            for (int k = 0; k < resample.length; k++) {
                resample[k] = taken[random.nextInt(taken.length)];
            }
            seen[i] = statistic.applyAsDouble(new Samples(resample.clone()));
        }
        Samples distribution = new Samples(seen);
        return new Interval(
                statistic.applyAsDouble(this),
                distribution.quantile(0.025),
                distribution.quantile(0.975),
                taken.length);
    }
}
