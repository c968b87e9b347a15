package io.pgheal.sameanswers;

import io.pgheal.testserver.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.assertj.core.api.SoftAssertions;

/** The test, of one way to get connections: each way in a class of its own, so that they run side by side. */
final class SameAnswers {
    /** The driver's, which tells of failed calls that are meant to fail. Kept here, for a logger may be collected. */
    private static final Logger DRIVER_LOG = Logger.getLogger("org.postgresql");

    private SameAnswers() {}

    static void over(Way way, PostgresServer server) throws Exception {
        DRIVER_LOG.setLevel(Level.OFF);
        Specimens.tables(server.app());
        // What no call waits for, however slow the machine. Without a limit, a call that broke the connection hangs.
        String url = server.url() + (server.url().contains("?") ? "&" : "?") + "socketTimeout=60";
        Comparison comparison = Comparison.of(way, server.app().at(url));
        System.out.println(comparison.counts());
        List<Difference> differences = comparison.differences();
        write("differences", way, differences);
        write("not-compared", way, comparison.unsteady());
        KnownDifferences known = KnownDifferences.read();
        SoftAssertions.assertSoftly(softly -> {
            softly.assertThat(known.unknown(differences))
                    .as("call | state | over | without pgheal | with pgheal: differences.txt does not allow it")
                    .isEmpty();
            softly.assertThat(known.needless(way, differences))
                    .as("lines of differences.txt that allow nothing over %s", way)
                    .isEmpty();
        });
    }

    private static void write(String what, Way way, Iterable<?> lines) throws IOException {
        StringBuilder text = new StringBuilder();
        lines.forEach(it -> text.append(it).append('\n'));
        Files.writeString(Path.of("target/" + what + "-" + way + ".txt"), text);
    }
}
