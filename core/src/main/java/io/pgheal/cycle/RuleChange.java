package io.pgheal.cycle;

import io.pgheal.HealingConfig;
import io.pgheal.decide.Limits;
import io.pgheal.decide.TableRule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The differences between the present and the new rules, named like the properties. */
final class RuleChange {
    private static final String UNSET = "unset";

    private RuleChange() {}

    /**
     * One piece of text for each rule that changes.
     *
     * @throws IllegalArgumentException if a setting differs that is fixed at the start
     */
    static List<String> between(HealingConfig before, HealingConfig after) {
        List<String> fixed = differences(builtIn(before), builtIn(after));
        if (!fixed.isEmpty()) {
            throw new IllegalArgumentException(
                    String.join(", ", fixed) + " cannot change while pgheal runs; set it before the start");
        }
        return differences(rules(before), rules(after));
    }

    private static List<String> differences(Map<String, Object> before, Map<String, Object> after) {
        Set<String> names = new java.util.LinkedHashSet<>(before.keySet());
        names.addAll(after.keySet());
        List<String> differences = new ArrayList<>();
        for (String name : names) {
            if (!Objects.equals(before.get(name), after.get(name))) {
                differences.add(name + " is " + written(after.get(name)) + " (was " + written(before.get(name)) + ")");
            }
        }
        return differences;
    }

    private static Map<String, Object> builtIn(HealingConfig config) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("pgheal.escalation.interval", config.escalationInterval());
        all.put("pgheal.budget.signals-per-minute", config.signalsPerMinute());
        all.put("pgheal.budget.certain-per-minute", config.certainPerMinute());
        all.put("pgheal.borrow-stacks", config.borrowStacks());
        all.put("pgheal.stack-preflight", config.stackPreflight());
        all.put("pgheal.incidents.keep", config.incidentsKept());
        return all;
    }

    private static Map<String, Object> rules(HealingConfig config) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("pgheal.abandoned.grace", config.limits().grace());
        all.put("pgheal.abandoned.patience", config.limits().patience());
        all.put("pgheal.abandoned.retained", word(config.limits().retained()));
        all.put("pgheal.proof.collector", word(config.proof().mode()));
        all.put("pgheal.proof.longest-stop", config.proof().longestStop());
        all.put("pgheal.lock-wait.threshold", config.lockWaitThreshold());
        all.put("pgheal.lock-wait.idle-blocker-timeout", config.limits().idleBlockerTimeout());
        all.put("pgheal.lock-wait.active-blocker-timeout", config.limits().activeBlockerTimeout());
        all.put("pgheal.diagnosis.deadline", config.diagnosisDeadline());
        all.put("pgheal.refutations.allowed", config.refutationsAllowed());
        for (TableRule rule : config.limits().tables()) {
            putIfSet(all, "pgheal.tables." + rule.pattern() + ".idle-blocker-timeout", rule.idleBlockerTimeout());
            putIfSet(all, "pgheal.tables." + rule.pattern() + ".active-blocker-timeout", rule.activeBlockerTimeout());
        }
        all.put("pgheal.spare.users", config.spare().users());
        all.put("pgheal.spare.application-names", config.spare().applicationNames());
        all.put("pgheal.spare.databases", config.spare().databases());
        all.put("pgheal.spare.tables", config.spare().tables());
        all.put("pgheal.spare.statement-tags", config.spare().statementTags());
        return all;
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static void putIfSet(Map<String, Object> all, String name, @Nullable Duration value) {
        if (value != null) {
            all.put(name, value);
        }
    }

    /** Keeps a value on one line of the log, whatever characters the user typed. */
    private static String written(@Nullable Object value) {
        String text = value instanceof Duration time
                ? Limits.written(time)
                : value instanceof Set<?> names ? new TreeSet<>(names).toString() : String.valueOf(value);
        return value == null ? UNSET : text.replaceAll("\\p{Cntrl}", "?");
    }
}
