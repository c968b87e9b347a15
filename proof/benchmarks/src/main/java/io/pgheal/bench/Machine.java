package io.pgheal.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Under which circumstances a figure was taken. */
final class Machine {
    private static final Path CPUS = Path.of("/proc/cpuinfo");

    private Machine() {}

    static String described() {
        var system = ManagementFactory.getOperatingSystemMXBean();
        return "%d cores%s, %s %s"
                .formatted(system.getAvailableProcessors(), cpu(), system.getName(), system.getArch());
    }

    static String jdk() {
        return Runtime.version().toString();
    }

    /** How many programs wanted to run in the last minute, on average; negative where the system does not tell. */
    static String load() {
        return String.format(
                Locale.ROOT,
                "%.1f",
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    }

    private static String cpu() {
        try {
            return Files.readAllLines(CPUS).stream()
                    .filter(line -> line.startsWith("model name"))
                    .findFirst()
                    .map(line -> " of " + line.substring(line.indexOf(':') + 1).strip())
                    .orElse("");
        } catch (IOException notLinux) {
            return "";
        }
    }
}
