package io.pgheal.demo.load;

import java.net.URI;
import java.time.Duration;

/**
 * The command-line options of the load generator.
 *
 * @param url of the demo
 * @param clients the number of concurrent clients, each of which logs in again and again
 * @param time how long
 * @param faultRate how many times a second the org chart is opened; 0 is never
 */
record LoadOptions(URI url, int clients, Duration time, double faultRate) {

    static final String USAGE = "options: --url=http://localhost:8080 --clients=8 --seconds=30 --fault-rate=1";

    LoadOptions {
        if (url.getHost() == null || clients < 1 || time.toSeconds() < 1 || !(faultRate >= 0 && faultRate <= 1000)) {
            throw new IllegalArgumentException(
                    "a URL, a client and a second at least, and a fault rate from 0 to 1000; " + USAGE);
        }
    }

    /** @throws IllegalArgumentException with a message that says what to write */
    static LoadOptions parse(String... arguments) {
        URI url = URI.create("http://localhost:8080");
        int clients = 8;
        long seconds = 30;
        double faultRate = 1;
        for (String argument : arguments) {
            String[] option = argument.split("=", 2);
            String value = option.length == 2 ? option[1] : "";
            try {
                switch (option[0]) {
                    case "--url" -> url = URI.create(value.replaceAll("/+$", ""));
                    case "--clients" -> clients = Integer.parseInt(value);
                    case "--seconds" -> seconds = Long.parseLong(value);
                    case "--fault-rate" -> faultRate = Double.parseDouble(value);
                    default -> throw new IllegalArgumentException("not an option");
                }
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(argument + " is not understood; " + USAGE, e);
            }
        }
        return new LoadOptions(url, clients, Duration.ofSeconds(seconds), faultRate);
    }
}
