package io.pgheal;

import io.pgheal.decide.HealingMode;
import io.pgheal.decide.Limits;
import io.pgheal.decide.Retained;
import io.pgheal.decide.SpareRules;
import io.pgheal.decide.TableRule;
import io.pgheal.witness.ProofMode;
import io.pgheal.witness.ProofTerms;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How one data source is guarded. Immutable; made by {@link #builder()}, which starts from the defaults: the only place
 * where they are written down.
 *
 * @param mode at the start; can be changed while running
 * @param limits the time limits of decisions
 * @param proof the conditions under which pgheal may ask the garbage collector whether anything still refers to a
 *     connection
 * @param lockWaitThreshold if a statement runs longer, pgheal asks the server for whom it waits
 * @param diagnosisDeadline by how much the diagnosis of a certain case may delay its heal
 * @param escalationInterval a remedy that does not help for so long is followed by the next; at most a minute, because no
 *     other heal runs meanwhile
 * @param signalsPerMinute heals by the user's rules, at most: by a time limit, or of retained leases
 * @param certainPerMinute heals by certain evidence, at most; 0 is ten times the pool's size
 * @param refutationsAllowed after more wrong judgements than that, pgheal only observes
 * @param borrowStacks frames shown of the stack of a borrow; 0 takes no stacks. No more than half a percent of a processor goes
 *     into stacks: while borrows are many, only some have one
 * @param stackPreflight whether pgheal provokes a stack overflow before a driver call begins, rather than within it
 * @param incidentsKept in memory
 */
public record HealingConfig(
        HealingMode mode,
        Limits limits,
        SpareRules spare,
        ProofTerms proof,
        Duration lockWaitThreshold,
        Duration diagnosisDeadline,
        Duration escalationInterval,
        int signalsPerMinute,
        int certainPerMinute,
        int refutationsAllowed,
        int borrowStacks,
        boolean stackPreflight,
        int incidentsKept) {

    public static HealingConfig defaults() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from these settings. */
    public Builder toBuilder() {
        Builder same = new Builder();
        same.mode = mode;
        same.grace = limits.grace();
        same.patience = limits.patience();
        same.idleBlockerTimeout = limits.idleBlockerTimeout();
        same.activeBlockerTimeout = limits.activeBlockerTimeout();
        same.tables.addAll(limits.tables());
        same.spare = spare;
        same.retained = limits.retained();
        same.collector = proof.mode();
        same.longestStop = proof.longestStop();
        same.lockWaitThreshold = lockWaitThreshold;
        same.diagnosisDeadline = diagnosisDeadline;
        same.escalationInterval = escalationInterval;
        same.signalsPerMinute = signalsPerMinute;
        same.certainPerMinute = certainPerMinute;
        same.refutationsAllowed = refutationsAllowed;
        same.borrowStacks = borrowStacks;
        same.stackPreflight = stackPreflight;
        same.incidentsKept = incidentsKept;
        return same;
    }

    /** Collects settings; each is checked where it is set, with a message that says what to write. */
    public static final class Builder {
        private static final Duration LONGEST = Duration.ofDays(3650);
        private static final Duration LONGEST_ESCALATION = Duration.ofMinutes(1);
        private HealingMode mode = HealingMode.HEAL;
        private Duration grace = Duration.ofSeconds(2);
        private Duration patience = Duration.ofSeconds(15);
        private Retained retained = Retained.REPORT;
        private ProofMode collector = ProofMode.ASK;
        private Duration longestStop = Duration.ofMillis(250);
        private Duration lockWaitThreshold = Duration.ofMillis(500);
        private Duration idleBlockerTimeout = Duration.ZERO;
        private Duration activeBlockerTimeout = Duration.ZERO;
        private Duration diagnosisDeadline = Duration.ofMillis(50);
        private Duration escalationInterval = Duration.ofSeconds(1);
        private int signalsPerMinute = 30;
        private int certainPerMinute;
        private int refutationsAllowed;
        private int borrowStacks = 8;
        private boolean stackPreflight = true;
        private int incidentsKept = 200;
        private final List<TableRule> tables = new ArrayList<>();
        private SpareRules spare = SpareRules.NONE;

        private Builder() {}

        public Builder mode(HealingMode value) {
            mode = value;
            return this;
        }

        public Builder abandonedGrace(Duration value) {
            grace = positive("pgheal.abandoned.grace", value, "2s");
            return this;
        }

        public Builder abandonedPatience(Duration value) {
            patience = positive("pgheal.abandoned.patience", value, "15s");
            return this;
        }

        /** What becomes of a lease whose owner looks gone while something still refers to its connection. */
        public Builder abandonedRetained(Retained value) {
            retained = value;
            return this;
        }

        /** Whether pgheal asks the garbage collector, or waits for collections that happen anyway. */
        public Builder proofCollector(ProofMode value) {
            collector = value;
            return this;
        }

        /**
         * A collector that cannot be asked without stopping the application is asked only if the stop is expected to be no
         * longer.
         */
        public Builder proofLongestStop(Duration value) {
            longestStop = positive("pgheal.proof.longest-stop", value, "250ms");
            return this;
        }

        public Builder lockWaitThreshold(Duration value) {
            lockWaitThreshold = positive("pgheal.lock-wait.threshold", value, "500ms");
            return this;
        }

        /** Zero: pgheal never interrupts a live owner. */
        public Builder idleBlockerTimeout(Duration value) {
            idleBlockerTimeout = notNegative("pgheal.lock-wait.idle-blocker-timeout", value);
            return this;
        }

        /** Zero: pgheal never interrupts a live owner. */
        public Builder activeBlockerTimeout(Duration value) {
            activeBlockerTimeout = notNegative("pgheal.lock-wait.active-blocker-timeout", value);
            return this;
        }

        public Builder diagnosisDeadline(Duration value) {
            diagnosisDeadline = positive("pgheal.diagnosis.deadline", value, "50ms");
            return this;
        }

        public Builder escalationInterval(Duration value) {
            escalationInterval = positive("pgheal.escalation.interval", value, "1s");
            if (value.compareTo(LONGEST_ESCALATION) > 0) {
                throw new IllegalArgumentException("pgheal.escalation.interval is " + Limits.written(value)
                        + "; write a time of at most " + LONGEST_ESCALATION.toSeconds() + "s");
            }
            return this;
        }

        public Builder signalsPerMinute(int value) {
            signalsPerMinute = atLeast(1, "pgheal.budget.signals-per-minute", value);
            return this;
        }

        /** 0: ten times the pool's size. */
        public Builder certainPerMinute(int value) {
            certainPerMinute = atLeast(0, "pgheal.budget.certain-per-minute", value);
            return this;
        }

        public Builder refutationsAllowed(int value) {
            refutationsAllowed = atLeast(0, "pgheal.refutations.allowed", value);
            return this;
        }

        public Builder borrowStacks(int frames) {
            if (frames < 0 || frames > 64) {
                throw new IllegalArgumentException(
                        "pgheal.borrow-stacks is " + frames + "; write a number of frames from 0 (off) to 64");
            }
            borrowStacks = frames;
            return this;
        }

        public Builder stackPreflight(boolean value) {
            stackPreflight = value;
            return this;
        }

        public Builder incidentsKept(int value) {
            incidentsKept = atLeast(1, "pgheal.incidents.keep", value);
            return this;
        }

        /**
         * Adds a rule for the tables that the pattern names, or extends the rule of this very pattern.
         *
         * @param pattern {@code table} or {@code schema.table}, with {@code *} for any characters
         */
        public Builder table(String pattern, Consumer<TableBuilder> rule) {
            int known = patterns().indexOf(pattern);
            TableBuilder table = new TableBuilder();
            if (known >= 0) {
                table.idleBlockerTimeout = tables.get(known).idleBlockerTimeout();
                table.activeBlockerTimeout = tables.get(known).activeBlockerTimeout();
            }
            rule.accept(table);
            TableRule said = new TableRule(pattern, table.idleBlockerTimeout, table.activeBlockerTimeout);
            if (known >= 0) {
                tables.set(known, said);
            } else {
                tables.add(said);
            }
            return this;
        }

        private List<String> patterns() {
            return tables.stream().map(TableRule::pattern).toList();
        }

        public Builder spare(
                Set<String> users, Set<String> applicationNames, Set<String> databases, Set<String> tableNames) {
            spare = new SpareRules(users, applicationNames, databases, tableNames, spare.statementTags());
            return this;
        }

        /**
         * pgheal spares a transaction that ran a statement with one of these words in a comment: {@code nightly-import} for
         * {@code /* nightly-import *}{@code /}, or for a value of sqlcommenter.
         */
        public Builder spareStatementTags(Set<String> tags) {
            for (String tag : tags) {
                if (tag.isBlank()) {
                    throw new IllegalArgumentException(
                            "pgheal.spare.statement-tags has an empty tag; write words that stand in comments of SQL, such as "
                                    + "nightly-import");
                }
            }
            spare = spare.withStatementTags(tags);
            return this;
        }

        public HealingConfig build() {
            if (patience.compareTo(grace) < 0) {
                throw new IllegalArgumentException("pgheal.abandoned.patience (" + Limits.written(patience)
                        + ") is shorter than pgheal.abandoned.grace (" + Limits.written(grace)
                        + "); write a patience that is longer");
            }
            return new HealingConfig(
                    mode,
                    new Limits(grace, patience, idleBlockerTimeout, activeBlockerTimeout, tables, retained),
                    spare,
                    new ProofTerms(collector, longestStop),
                    lockWaitThreshold,
                    diagnosisDeadline,
                    escalationInterval,
                    signalsPerMinute,
                    certainPerMinute,
                    refutationsAllowed,
                    borrowStacks,
                    stackPreflight,
                    incidentsKept);
        }

        private static Duration positive(String name, Duration value, String example) {
            if (value.isNegative() || value.isZero()) {
                throw new IllegalArgumentException(
                        name + " is " + Limits.written(value) + "; write a time longer than zero, such as " + example);
            }
            return notTooLong(name, value);
        }

        /** Longer ones do not fit into nanoseconds. */
        private static Duration notTooLong(String name, Duration value) {
            if (value.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException(
                        name + " is " + Limits.written(value) + "; write a time of at most " + LONGEST.toDays() + "d");
            }
            return value;
        }

        private static Duration notNegative(String name, Duration value) {
            if (value.isNegative()) {
                throw new IllegalArgumentException(
                        name + " is " + Limits.written(value) + "; write 0 for never, or a time such as 30s");
            }
            return notTooLong(name, value);
        }

        private static int atLeast(int least, String name, int value) {
            if (value < least) {
                throw new IllegalArgumentException(name + " is " + value + "; write a number of at least " + least);
            }
            return value;
        }
    }

    /** The rule of one table. */
    public static final class TableBuilder {
        private @Nullable Duration idleBlockerTimeout;
        private @Nullable Duration activeBlockerTimeout;

        private TableBuilder() {}

        /** Zero: never, whatever the global limit says; null: as that one. */
        public TableBuilder idleBlockerTimeout(@Nullable Duration value) {
            idleBlockerTimeout = value;
            return this;
        }

        public TableBuilder activeBlockerTimeout(@Nullable Duration value) {
            activeBlockerTimeout = value;
            return this;
        }
    }
}
