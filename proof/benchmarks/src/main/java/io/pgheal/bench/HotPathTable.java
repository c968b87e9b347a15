package io.pgheal.bench;

import io.pgheal.bench.HotPath.Layer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs {@link HotPath} in turns, one fork of each layer after the other, and compares round by round. */
public final class HotPathTable {
    private HotPathTable() {}

    public static void main(String[] arguments) throws RunnerException, IOException {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5;
        System.out.println("machine: " + Machine.described());
        List<Taken> all = Arrays.stream(Layer.values()).map(Taken::new).toList();
        for (int round = 0; round < rounds; round++) {
            for (Taken each : all) {
                each.run();
            }
        }
        System.out.printf("%d rounds, one fork of each in turns; per transaction%n%n", rounds);
        System.out.println("| | ns (median, lowest) | on top of HikariCP, ns | B | on top of HikariCP, B |");
        System.out.println("|---|---|---|---|---|");
        Taken base = all.get(0);
        Plot plot = new Plot(
                "A short transaction on a stub driver, JDK " + Runtime.version().feature(), "ns");
        for (Taken each : all) {
            Samples nanos = Samples.of(each.nanos);
            System.out.printf(
                    "| %s | %.0f, %.0f | %s | %.0f | %.0f |%n",
                    each.layer,
                    nanos.median(),
                    nanos.min(),
                    nanos.differenceTo(Samples.of(base.nanos)),
                    each.bytes,
                    each.bytes - base.bytes);
            plot.bar(each.layer.name(), nanos.median(), (nanos.max() - nanos.min()) / 2);
        }
        plot.save("benchmark-hot-path");
    }

    /** What was seen of one layer. */
    private static final class Taken {
        final Layer layer;
        final List<Double> nanos = new ArrayList<>();
        double bytes;

        Taken(Layer layer) {
            this.layer = layer;
        }

        void run() throws RunnerException {
            RunResult result = new Runner(new OptionsBuilder()
                            .include(HotPath.class.getName())
                            .param("layer", layer.name())
                            .addProfiler(GCProfiler.class)
                            .verbosity(VerboseMode.SILENT)
                            .build())
                    .runSingle();
            nanos.add(result.getPrimaryResult().getScore());
            result.getSecondaryResults().forEach((name, score) -> {
                if (name.endsWith("gc.alloc.rate.norm")) {
                    bytes = score.getScore();
                }
            });
        }
    }
}
