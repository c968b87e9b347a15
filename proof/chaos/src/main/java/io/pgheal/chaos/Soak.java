package io.pgheal.chaos;

import java.nio.file.Files;

/** The command: {@code proof/chaos/run --seed 42 --minutes 60}. Ends with 0 only if everything that must be zero is. */
public final class Soak {
    private Soak() {}

    public static void main(String[] args) throws Exception {
        SoakOptions options;
        try {
            options = SoakOptions.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.err.println(SoakOptions.USAGE);
            System.exit(2);
            return;
        }
        Files.createDirectories(options.reports());
        System.setProperty(
                "org.slf4j.simpleLogger.logFile",
                options.reports().resolve("pgheal.log").toString());
        System.setProperty("org.slf4j.simpleLogger.showDateTime", "true");
        System.setProperty("org.slf4j.simpleLogger.dateTimeFormat", "HH:mm:ss.SSS");
        Report report = new SoakRun(options, System.out).run();
        report.write(options);
        System.out.println(report.text());
        System.out.println("reports: " + options.reports().toAbsolutePath());
        System.exit(report.passed() ? 0 : 1);
    }
}
