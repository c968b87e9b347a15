package io.pgheal.chaos;

import com.zaxxer.hikari.HikariConfig;
import io.pgheal.HealingConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The pool's and pgheal's settings: the defaults, or what the seed varies of them. Told in the report. */
record Settings(HealingConfig healing, List<String> varied) {

    /** The one table that has time limits. */
    static final String LIMITED_TABLE = "desks";

    static final Duration IDLE_LIMIT = Duration.ofSeconds(2);
    static final Duration ACTIVE_LIMIT = Duration.ofSeconds(3);

    /** The adversary is worse than an application: a limit that is used up would hide what comes after it. */
    private static final int SIGNALS_PER_MINUTE = 90;

    /** Half of all seeds keep the defaults, but for the limits of one table and the budget. */
    static Settings draw(SoakOptions options, HikariConfig pool) {
        Dice dice = Dice.of(options.seed(), "settings");
        HealingConfig.Builder healing = HealingConfig.builder()
                .signalsPerMinute(SIGNALS_PER_MINUTE)
                .table(
                        LIMITED_TABLE,
                        rule -> rule.idleBlockerTimeout(IDLE_LIMIT).activeBlockerTimeout(ACTIVE_LIMIT));
        List<String> varied = new ArrayList<>();
        if (!options.varied() || dice.percent(50)) {
            return new Settings(
                    healing.build(),
                    List.of("none: all defaults, but for a budget of " + SIGNALS_PER_MINUTE
                            + " signals a minute and the limits of " + LIMITED_TABLE));
        }
        if (dice.percent(50)) {
            healing.abandonedGrace(Duration.ofMillis(500)).abandonedPatience(Duration.ofSeconds(4));
            varied.add("abandoned.grace 500 ms, abandoned.patience 4 s");
        }
        if (dice.percent(30)) {
            healing.lockWaitThreshold(Duration.ofMillis(100));
            varied.add("lock-wait.threshold 100 ms");
        }
        if (dice.percent(30)) {
            healing.diagnosisDeadline(Duration.ofMillis(1));
            varied.add("diagnosis.deadline 1 ms");
        }
        property(pool, varied, "autosave", dice.oneOf("never", "always", "conservative"));
        property(pool, varied, "prepareThreshold", dice.oneOf("5", "1", "0"));
        property(pool, varied, "preferQueryMode", dice.oneOf("extended", "extended", "simple"));
        return new Settings(healing.build(), varied);
    }

    private static void property(HikariConfig pool, List<String> varied, String name, String value) {
        pool.addDataSourceProperty(name, value);
        varied.add(name + "=" + value);
    }
}
