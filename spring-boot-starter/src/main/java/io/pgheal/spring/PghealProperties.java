package io.pgheal.spring;

import io.pgheal.HealingConfig;
import io.pgheal.decide.HealingMode;
import io.pgheal.decide.Retained;
import io.pgheal.witness.ProofMode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties that an application may set. An unset property is null here, and its default is that of
 * {@link HealingConfig}; a test compares the defaults in the metadata with these. An unknown name fails the start
 * (except for environment variables and system properties, which Spring Boot does not check): a misspelled protection
 * would protect nothing.
 *
 * @param enabled Whether data sources are guarded at all.
 * @param mode How far pgheal may go at the start; can be changed while the application runs.
 * @param excludeBeans Names of DataSource beans that are left alone.
 * @param borrowStacks Frames that are shown of the place where a connection was borrowed; 0 shows none. No more than
 *     half a percent of a processor goes into them: while borrows are many, only some have their own.
 * @param stackPreflight Whether a stack overflow is made to come before a driver call begins rather than in its middle.
 * @param tables Time limits for the tables that matter, by table, schema.table or a pattern with *, the latter in
 *     brackets: pgheal.tables.users.idle-blocker-timeout=2s, pgheal.tables.[audit.*].active-blocker-timeout=0. 0 is never.
 * @param dataSources What is different for one of several data sources, by the name of its bean.
 */
@ConfigurationProperties(prefix = "pgheal", ignoreUnknownFields = false)
record PghealProperties(
        @DefaultValue("true") boolean enabled,
        @Nullable HealingMode mode,
        @DefaultValue Set<String> excludeBeans,
        @DefaultValue Abandoned abandoned,
        @DefaultValue Proof proof,
        @DefaultValue LockWait lockWait,
        @DefaultValue Diagnosis diagnosis,
        @DefaultValue Escalation escalation,
        @DefaultValue Budget budget,
        @DefaultValue Refutations refutations,
        @Nullable Integer borrowStacks,
        @Nullable Boolean stackPreflight,
        @DefaultValue Incidents incidents,
        @DefaultValue Control control,
        @DefaultValue Map<String, String> tables,
        @DefaultValue Spare spare,
        @DefaultValue Scopes scopes,
        @DefaultValue Health health,
        @DefaultValue Console console,
        @DefaultValue Map<String, Overrides> dataSources) {

    PghealProperties {
        excludeBeans = Set.copyOf(excludeBeans);
        tables = new LinkedHashMap<>(tables);
        dataSources = Map.copyOf(dataSources);
    }

    /**
     * @param grace With retained=heal: for how long its owner must look gone while somebody waits.
     * @param patience For how long its owner must look gone while nobody waits, before the collector is asked.
     * @param retained What becomes of a connection whose owner looks gone while something still refers to it.
     */
    record Abandoned(
            @Nullable Duration grace,
            @Nullable Duration patience,
            @Nullable Retained retained) {
        private void applyTo(HealingConfig.Builder config) {
            ifSet(grace, config::abandonedGrace);
            ifSet(patience, config::abandonedPatience);
            ifSet(retained, config::abandonedRetained);
        }
    }

    /**
     * @param collector Whether the garbage collector is asked if anything still refers to a connection.
     * @param longestStop A collector that cannot be asked without stopping the application is asked only if that takes no
     *     longer.
     */
    record Proof(@Nullable ProofMode collector, @Nullable Duration longestStop) {}

    /**
     * @param threshold A statement that runs longer is asked about: does it wait for a lock?
     * @param idleBlockerTimeout How long a live owner may hold up others while its transaction is idle. 0 is for ever.
     * @param activeBlockerTimeout How long it may while its statement runs. 0 is for ever.
     */
    record LockWait(
            @Nullable Duration threshold,
            @Nullable Duration idleBlockerTimeout,
            @Nullable Duration activeBlockerTimeout) {
        private void applyTo(HealingConfig.Builder config) {
            ifSet(threshold, config::lockWaitThreshold);
            ifSet(idleBlockerTimeout, config::idleBlockerTimeout);
            ifSet(activeBlockerTimeout, config::activeBlockerTimeout);
        }
    }

    /**
     * @param deadline How long asking for the story may delay the heal of a certain case.
     */
    record Diagnosis(@Nullable Duration deadline) {}

    /**
     * @param interval A remedy that has not helped for so long is followed by the next one. At most 60 s.
     */
    record Escalation(@Nullable Duration interval) {}

    /**
     * @param signalsPerMinute Heals at the user's say, at most: by a time limit, or of what is retained.
     * @param certainPerMinute Heals by certain evidence, at most. 0 is ten times the size of the pool.
     */
    record Budget(
            @Nullable Integer signalsPerMinute, @Nullable Integer certainPerMinute) {}

    /**
     * @param allowed After more judgements than this have proved wrong, pgheal only observes.
     */
    record Refutations(@Nullable Integer allowed) {}

    /**
     * @param keep Incidents that are kept in memory.
     */
    record Incidents(@Nullable Integer keep) {}

    /**
     * The control connection. Without any of it, it goes where the pool goes, by the pool's credentials.
     *
     * @param url Straight to the server, past any pooler, such as jdbc:postgresql://db.example.com:5432/app.
     * @param username Another role than the pool's, for example one that has pg_signal_backend.
     * @param password Its password.
     * @param connectTimeout In whole seconds.
     * @param statementTimeout The server's limit for each question.
     * @param socketTimeout For a server that does not answer at all; longer than the statement timeout.
     */
    record Control(
            @Nullable String url,
            @Nullable String username,
            @Nullable String password,
            @Nullable Duration connectTimeout,
            @Nullable Duration statementTimeout,
            @Nullable Duration socketTimeout) {

        boolean isSet() {
            return url != null
                    || username != null
                    || password != null
                    || connectTimeout != null
                    || statementTimeout != null
                    || socketTimeout != null;
        }

        /** Shows neither the password nor the URL, which may contain one. */
        @Override
        public String toString() {
            return isSet() ? "Control[set]" : "Control[as the pool]";
        }
    }

    /**
     * Whom pgheal never touches, whatever the evidence; compared exactly.
     *
     * @param users Roles of the database.
     * @param applicationNames What sessions call themselves.
     * @param databases Names of databases.
     * @param tables Those of the schema public by their name, others as schema.table.
     * @param statementTags Words in comments of SQL, such as nightly-import. A transaction that ran a statement with one of
     *     them is spared to its end.
     */
    record Spare(
            @DefaultValue Set<String> users,
            @DefaultValue Set<String> applicationNames,
            @DefaultValue Set<String> databases,
            @DefaultValue Set<String> tables,
            @DefaultValue Set<String> statementTags) {}

    /**
     * @param servlet Whether each servlet request is a unit of work whose connections must not outlive it.
     * @param tasks Whether each task of an executor or a scheduler, each asynchronous call, each message that a listener
     *     handles, and each batch job is one, too.
     */
    record Scopes(
            @DefaultValue("true") boolean servlet,
            @DefaultValue("true") boolean tasks) {}

    /**
     * @param blindIsDown Whether a healer that cannot ask the server makes the health DOWN rather than being a detail.
     */
    record Health(@DefaultValue("false") boolean blindIsDown) {}

    /** @param enabled Whether the endpoint pghealconsole serves the console; it also has to be exposed. */
    record Console(@DefaultValue("false") boolean enabled) {}

    /**
     * What is different for one data source.
     *
     * @param mode How far pgheal may go at the start.
     * @param tables Time limits of tables, as in pgheal.tables.
     */
    record Overrides(
            @Nullable HealingMode mode,
            @DefaultValue Abandoned abandoned,
            @DefaultValue LockWait lockWait,
            @DefaultValue Control control,
            @DefaultValue Map<String, String> tables) {}

    private static final Overrides NO_OVERRIDES = new Overrides(
            null,
            new Abandoned(null, null, null),
            new LockWait(null, null, null),
            new Control(null, null, null, null, null, null),
            Map.of());

    /** @throws InvalidPropertyException with a sentence that says what to write instead */
    HealingConfig configOf(String bean) {
        HealingConfig.Builder config = HealingConfig.builder();
        Map<String, TableLimits> limits = new LinkedHashMap<>();
        said("pgheal.", () -> {
            ifSet(mode, config::mode);
            abandoned.applyTo(config);
            ifSet(proof.collector(), config::proofCollector);
            ifSet(proof.longestStop(), config::proofLongestStop);
            lockWait.applyTo(config);
            ifSet(diagnosis.deadline(), config::diagnosisDeadline);
            ifSet(escalation.interval(), config::escalationInterval);
            ifSet(budget.signalsPerMinute(), config::signalsPerMinute);
            ifSet(budget.certainPerMinute(), config::certainPerMinute);
            ifSet(refutations.allowed(), config::refutationsAllowed);
            ifSet(borrowStacks, config::borrowStacks);
            ifSet(stackPreflight, config::stackPreflight);
            ifSet(incidents.keep(), config::incidentsKept);
            config.spare(spare.users(), spare.applicationNames(), spare.databases(), spare.tables());
            config.spareStatementTags(spare.statementTags());
            limits.putAll(TableLimits.parse("pgheal.tables.", tables));
        });
        Overrides own = overridesOf(bean);
        said("pgheal.data-sources." + bean + ".", () -> {
            ifSet(own.mode(), config::mode);
            own.abandoned().applyTo(config);
            own.lockWait().applyTo(config);
            TableLimits.parse("pgheal.data-sources." + bean + ".tables.", own.tables())
                    .forEach((table, limit) -> limits.merge(table, limit, (general, one) -> one.or(general)));
        });
        said("pgheal.", () -> limits.forEach((pattern, limit) -> limit.applyTo(config, pattern)));
        HealingConfig[] built = new HealingConfig[1];
        said("pgheal.", () -> built[0] = config.build());
        return built[0];
    }

    /** The control connection's settings of this data source; if it has any, the general ones do not apply. */
    Control controlOf(String bean) {
        Control own = overridesOf(bean).control();
        return own.isSet() ? own : control;
    }

    /** Compares the bean's name like Spring Boot: environment variables have neither case nor dashes. */
    private Overrides overridesOf(String bean) {
        Overrides exact = dataSources.get(bean);
        if (exact != null) {
            return exact;
        }
        return dataSources.entrySet().stream()
                .filter(entry -> uniform(entry.getKey()).equals(uniform(bean)))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(NO_OVERRIDES);
    }

    static String uniform(String name) {
        return name.replaceAll("[-_]", "").toLowerCase(Locale.ROOT);
    }

    /** The core's message names the property, but not the data source that overrides it. */
    private static void said(String prefix, Runnable settings) {
        try {
            settings.run();
        } catch (InvalidPropertyException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            throw InvalidPropertyException.of(
                    message.startsWith("pgheal.") ? prefix + message.substring("pgheal.".length()) : message);
        }
    }

    static <T> void ifSet(@Nullable T value, Consumer<T> setting) {
        if (value != null) {
            setting.accept(value);
        }
    }
}
