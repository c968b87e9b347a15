package io.pgheal.bench;

import io.pgheal.track.Parts;
import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs {@link Parts}. */
public final class PartsTable {
    private PartsTable() {}

    public static void main(String[] arguments) throws Exception {
        Report report = new Report("parts", "one JVM for each row, 5 measurements of a second; ± as JMH tells it");
        report.table("", "", "±", "unit", "B");
        for (RunResult result : new Runner(new OptionsBuilder()
                        .include(Parts.class.getName() + "\\." + (arguments.length > 0 ? arguments[0] : ".*"))
                        .addProfiler(GCProfiler.class)
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run()) {
            String frames = result.getParams().getParam("frames");
            report.row(
                    "`" + result.getPrimaryResult().getLabel() + "`" + (frames == null ? "" : ", frames " + frames),
                    String.format(Locale.ROOT, "%.1f", result.getPrimaryResult().getScore()),
                    String.format(Locale.ROOT, "%.1f", result.getPrimaryResult().getScoreError()),
                    result.getPrimaryResult().getScoreUnit(),
                    Long.toString(Math.round(bytes(result))));
        }
        report.end();
    }

    /** What one operation allocates, as the profiler saw it. */
    static double bytes(RunResult result) {
        double[] bytes = new double[1];
        result.getSecondaryResults().forEach((name, score) -> {
            if (name.endsWith("gc.alloc.rate.norm")) {
                bytes[0] = score.getScore();
            }
        });
        return bytes[0];
    }
}
