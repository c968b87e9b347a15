package io.pgheal.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The CPU time of this process, with its collector, its compiler and all background threads. The JDK counts it in steps of
 * 10 ms, which is more than a short turn of a benchmark takes; Linux tells it to the nanosecond for each thread.
 */
final class CpuClock {
    private static final Path THREADS = Path.of("/proc/self/task");
    private static final boolean PRECISE = Files.isReadable(Path.of("/proc/self/sched"));

    private CpuClock() {}

    static String described() {
        return PRECISE ? "to the nanosecond, by /proc" : "in the JDK's own steps, often 10 ms";
    }

    static double nanos() throws IOException {
        if (!PRECISE) {
            var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            return system.getProcessCpuTime();
        }
        double nanos = 0;
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
            for (Path thread : threads) {
                nanos += nanosOf(thread.resolve("sched"));
            }
        }
        return nanos;
    }

    private static double nanosOf(Path thread) throws IOException {
        try {
            for (String line : Files.readAllLines(thread)) {
                if (line.startsWith("se.sum_exec_runtime")) {
                    return Double.parseDouble(
                                    line.substring(line.indexOf(':') + 1).strip())
                            * 1e6;
                }
            }
            return 0;
        } catch (NoSuchFileException ended) {
            return 0;
        }
    }
}
