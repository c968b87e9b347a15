package io.pgheal.bench;

import java.lang.management.ManagementFactory;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Under which circumstances a figure was taken. */
final class Machine {
    private Machine() {}

    static String described() {
        var system = ManagementFactory.getOperatingSystemMXBean();
        return "%s, %s %s, %d cores, load average %.1f, JDK %s"
                .formatted(
                        Instant.now().truncatedTo(ChronoUnit.MINUTES),
                        system.getName(),
                        system.getArch(),
                        system.getAvailableProcessors(),
                        system.getSystemLoadAverage(),
                        Runtime.version());
    }
}
