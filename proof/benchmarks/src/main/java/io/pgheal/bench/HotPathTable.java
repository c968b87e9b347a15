package io.pgheal.bench;

import io.pgheal.bench.HotPath.Layer;
import io.pgheal.bench.Samples.Interval;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs {@link HotPath} in turns, one fork of each layer after the other, and compares round by round. HikariCP runs twice. */
public final class HotPathTable {
    private static final int ROUNDS = 10;

    private HotPathTable() {}

    public static void main(String[] arguments) throws RunnerException, IOException {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : ROUNDS;
        Report report = new Report(
                "hot-path",
                rounds + " rounds, in each a new JVM for each row, in turns; a borrow lies some 20 frames deep");
        List<Taken> all = new ArrayList<>(
                List.of(new Taken(Layer.HIKARI, "HikariCP"), new Taken(Layer.HIKARI, "HikariCP, again: noise")));
        Arrays.stream(Layer.values())
                .filter(layer -> layer != Layer.HIKARI)
                .forEach(layer -> all.add(new Taken(layer, layer.title)));
        List<Taken> order = new ArrayList<>(all);
        Random random = new Random(42);
        for (int round = 0; round < rounds; round++) {
            Report.progress("round " + (round + 1) + " of " + rounds);
            Collections.shuffle(order, random);
            for (Taken each : order) {
                each.run();
            }
        }
        tell(report, all);
        report.end();
    }

    private static void tell(Report report, List<Taken> all) {
        Taken base = all.get(0);
        Samples own = Samples.of(base.nanos);
        Interval noise = Samples.of(all.get(1).nanos).differenceTo(own);
        report.table("", "on top of HikariCP, ns", "", "ns, median", "on top of HikariCP, B", "B");
        report.chart("On top of HikariCP: a short transaction on a stub driver; diamonds: the 95 % interval", "ns");
        for (Taken each : all.subList(1, all.size())) {
            Samples nanos = Samples.of(each.nanos);
            Interval top = nanos.differenceTo(own);
            String verdict = each == all.get(1) ? "" : top.verdict(noise);
            String bytes = Long.toString(Math.round(each.bytes - base.bytes));
            report.row(
                    each.title,
                    top.whole(),
                    verdict,
                    Long.toString(Math.round(nanos.median())),
                    bytes,
                    Long.toString(Math.round(each.bytes)));
            report.bar(each.title, top.value(), top.low(), top.high());
            if (each == all.get(1) || each.layer == Layer.PGHEAL || each.layer == Layer.PGHEAL_NO_STACKS) {
                report.headline(
                        "a short transaction on a stub driver, on top of HikariCP: " + each.title,
                        top.whole() + " ns, " + bytes + " B" + (verdict.isEmpty() ? "" : ", " + verdict));
            }
        }
        report.note("HikariCP itself: " + Math.round(own.median()) + " ns, " + Math.round(base.bytes) + " B.");
    }

    /** What was seen of one layer. */
    private static final class Taken {
        final Layer layer;
        final String title;
        final List<Double> nanos = new ArrayList<>();
        double bytes;

        Taken(Layer layer, String title) {
            this.layer = layer;
            this.title = title;
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
            bytes = PartsTable.bytes(result);
        }
    }
}
