package io.pgheal.chaos;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What a soak is asked for.
 *
 * @param seed of everything that is drawn; the same seed draws the same plan for each actor
 * @param duration of the work, without the settling and the verification
 * @param rate transfers a second that the tellers aim at, all together
 * @param weather whether the adversary kills, restarts, freezes, cuts and pauses; without it only leaks and slow work
 * @param varied whether the seed may choose settings other than the defaults
 * @param untilViolated whether the first violation ends it, without settling: to see how long a fault stays unseen
 * @param reports where the report, its JSON form and the logs go
 */
record SoakOptions(
        long seed, Duration duration, int rate, boolean weather, boolean varied, boolean untilViolated, Path reports) {
    static final String USAGE = """
            proof/chaos/run [--seed N] [--minutes N | --seconds N] [--rate N] [--calm] [--defaults]
                            [--until-violated] [--reports DIRECTORY]
              --seed      of everything that is drawn (default 1)
              --minutes   of work (default 5); --seconds for less
              --rate      transfers a second to aim at (default 450)
              --calm      no kills, restarts, freezes, cuts nor pauses: only leaks and slow work
              --defaults  the default settings, whatever the seed would choose
              --until-violated  the first violation ends it
              --reports   where the report and the logs go (default target/soak/seed-N)
            """;

    static SoakOptions parse(String... args) {
        long seed = 1;
        Duration duration = Duration.ofMinutes(5);
        int rate = 450;
        boolean weather = true;
        boolean varied = true;
        boolean untilViolated = false;
        Path reports = null;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--seed" -> seed = number(args, ++i);
                case "--minutes" -> duration = Duration.ofMinutes(number(args, ++i));
                case "--seconds" -> duration = Duration.ofSeconds(number(args, ++i));
                case "--rate" -> rate = (int) number(args, ++i);
                case "--calm" -> weather = false;
                case "--defaults" -> varied = false;
                case "--until-violated" -> untilViolated = true;
                case "--reports" -> reports = Path.of(value(args, ++i));
                default -> throw new IllegalArgumentException("unknown option " + args[i]);
            }
        }
        Path where = reports == null ? Path.of("target", "soak", "seed-" + seed) : reports;
        return new SoakOptions(seed, duration, rate, weather, varied, untilViolated, where);
    }

    private static long number(String[] args, int at) {
        String value = value(args, at);
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(args[at - 1] + " wants a number, not " + value, e);
        }
    }

    private static String value(String[] args, int at) {
        if (at >= args.length) {
            throw new IllegalArgumentException(args[at - 1] + " wants a value");
        }
        return args[at];
    }
}
