package io.pgheal.cycle;

import io.pgheal.HealingConfig;
import io.pgheal.Internal;
import io.pgheal.Release;
import io.pgheal.ReleaseCandidate;
import io.pgheal.ReleaseTarget;
import io.pgheal.decide.HealingMode;
import io.pgheal.detect.Detector;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.Safeguards;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.ConnectionOpener;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.postgres.TableLock;
import io.pgheal.postgres.TableName;
import io.pgheal.report.HealerState;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentJournal;
import io.pgheal.report.IncidentListener;
import io.pgheal.report.LateMetrics;
import io.pgheal.report.Metrics;
import io.pgheal.thread.Crew;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Ticker;
import io.pgheal.track.Tracing;
import io.pgheal.witness.Witness;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The healing side of one data source: its rules, threads, control connections and incidents. The only entry point of this
 * package. Thread-safe.
 */
@Internal
public final class Healing implements AutoCloseable {
    /** The name of the class that users know. */
    private static final Logger LOG = LoggerFactory.getLogger("io.pgheal.SelfHealingDataSource");

    private static final Duration ACT_DEADLINE = Duration.ofSeconds(20);
    /** Remedies of one heal: the healer may wait for the effect of each. */
    private static final int REMEDIES = 3;

    private static final Duration ANSWER = Duration.ofSeconds(5);
    private static final int CERTAIN_PER_SLOT = 10;
    private static final int POOL_OF_UNKNOWN_SIZE = 10;

    private final String dataSource;
    private final LeaseRegistry registry;
    private final Servers servers;
    private final Safeguards safeguards;
    private final LateMetrics metrics = new LateMetrics();
    private final IncidentJournal journal;
    private final HealingLoop loop;
    private final Witness witness;
    private final OperatorActs operator;
    private final Rehearsal rehearsal;
    private volatile HealingConfig config;
    private volatile HealingMode mode;
    private volatile boolean closed;

    /** Creates everything; nothing runs before {@link #start}. */
    public Healing(
            String dataSource,
            HealingConfig config,
            LeaseRegistry registry,
            ConnectionOpener control,
            Witness witness,
            Ticker ticker,
            @Nullable Tracing tracing,
            List<IncidentListener> listeners) {
        this.dataSource = dataSource;
        this.config = config;
        this.mode = config.mode();
        this.registry = registry;
        this.witness = witness;
        this.servers = new Servers(dataSource, control, ticker, config.escalationInterval());
        registry.onNewConnection(servers::seen);
        int certain = config.certainPerMinute() > 0
                ? config.certainPerMinute()
                : CERTAIN_PER_SLOT * registry.poolSize().orElse(POOL_OF_UNKNOWN_SIZE);
        this.safeguards = new Safeguards(dataSource, config.signalsPerMinute(), certain);
        this.journal =
                new IncidentJournal(dataSource, ticker, config.incidentsKept(), metrics, tracing, listeners, Crew.NEWS);
        HealingCycle cycle =
                new HealingCycle(this::config, registry, servers, safeguards, journal, this::mode, ticker, witness);
        ActThread acts = new ActThread(
                dataSource,
                ticker,
                ACT_DEADLINE.plus(config.escalationInterval().multipliedBy(REMEDIES)));
        Refutations refutations =
                new Refutations(dataSource, journal, registry, () -> config().refutationsAllowed(), new Modes());
        this.loop = new HealingLoop(
                dataSource,
                this::config,
                registry,
                cycle,
                acts,
                servers,
                journal,
                ticker,
                metrics,
                refutations,
                witness);
        this.rehearsal = new Rehearsal(ticker);
        this.operator = new OperatorActs(servers.all().get(0), acts, journal, () -> config().spare(), loop::seenAnew);
    }

    private final class Modes implements Refutations.Modes {
        @Override
        public HealingMode mode() {
            return mode;
        }

        @Override
        public void mode(HealingMode next) {
            setMode(next, "");
        }
    }

    public void start() {
        servers.start();
        loop.start();
        if (mode != HealingMode.OFF) {
            rehearsal.start(dataSource);
        }
        LOG.info("[{}] pgheal guards this data source, mode {}", dataSource, mode);
    }

    // ---- the rules

    public HealingMode mode() {
        return mode;
    }

    /**
     * Changes the mode at once.
     *
     * @param by the name of the operator who asks for it; null for none
     */
    public void mode(HealingMode next, @Nullable String by) {
        setMode(next, setBy(by));
    }

    private void setMode(HealingMode next, String by) {
        HealingMode before = mode;
        mode = next;
        if (before != next) {
            LOG.warn("[{}] pgheal's mode is now {} (was {}){}", dataSource, next, before, by);
        }
    }

    public HealingConfig config() {
        return config;
    }

    /**
     * Changes the rules, from the next decision on.
     *
     * @param by the name of the operator who asks for it; null for none
     * @throws IllegalArgumentException if a setting differs that is fixed at the start
     */
    public synchronized void config(HealingConfig next, @Nullable String by) {
        String setBy = setBy(by);
        List<String> changes = RuleChange.between(config, next);
        if (changes.isEmpty()) {
            return;
        }
        registry.spareStatementTags(next.spare().statementTags());
        config = next;
        loop.rulesChanged();
        LOG.warn("[{}] pgheal's rules have changed: {}{}", dataSource, String.join("; ", changes), setBy);
    }

    private static String setBy(@Nullable String operator) {
        return operator == null ? "" : ", set by " + OperatorActs.named(operator);
    }

    // ---- operators' questions and acts

    /** The leases as they were at the last look. */
    public List<LeaseSnapshot> leases() {
        return loop.seen();
    }

    /** The last incidents, the newest first. */
    public List<Incident> incidents() {
        return journal.last();
    }

    /** The server that the methods below ask; empty while it cannot be asked. */
    public Optional<ServerIdentity> server() {
        return servers.home().server().map(ControlChannel.Server::identity);
    }

    /** Who waits for whom in the whole database, now. */
    public BlockingTree blockingTree() throws SQLException {
        BlockingTree tree = servers.home().ask(ANSWER, control -> control.fullBlockingTree(null));
        loop.seenAnew(); // so that leases() knows whichever session of ours the tree shows
        return tree;
    }

    /** Who holds which locks on a table, and who waits for them, now. */
    public List<TableLock> locksOn(TableName table) throws SQLException {
        return servers.home().ask(ANSWER, control -> control.locksOn(table));
    }

    /** The sessions that {@link #release} would hit now. Changes nothing. */
    public List<ReleaseCandidate> wouldRelease(ReleaseTarget whom, Release how) throws SQLException {
        return operator.wouldRelease(whom, how);
    }

    /** Carries out an operator's act and waits for its end. */
    public List<Incident> release(ReleaseTarget whom, Release how, String by) throws SQLException {
        return operator.release(whom, how, by);
    }

    /** The state of the healer itself. */
    public HealerState state() {
        List<LeaseSnapshot> seen = loop.seen();
        List<LeaseSnapshot> open = seen.stream()
                .filter(lease -> lease.transactionOpen() && !lease.closed())
                .toList();
        List<AbandonedLease> suspects =
                seen.stream().map(Detector::abandoned).flatMap(Optional::stream).toList();
        String hangs = closed ? "" : loop.trouble();
        String trouble = closed ? servers.home().trouble() : servers.trouble();
        return new HealerState(
                mode,
                servers.home().server().isPresent(),
                hangs.isEmpty() ? trouble : hangs,
                servers.shortcomings(),
                servers.asked(),
                registry.lostEvents(),
                new HealerState.Budget(safeguards.isBreakerOpen(), safeguards.signalsLeft(), safeguards.certainLeft()),
                new HealerState.Lent(
                        registry.openCount(),
                        open.size(),
                        registry.heldUpCount(),
                        open.stream()
                                .map(LeaseSnapshot::quiet)
                                .max(Duration::compareTo)
                                .orElse(Duration.ZERO),
                        (int) suspects.stream()
                                .filter(each -> each.lease().retained())
                                .count(),
                        suspects.stream()
                                .filter(each -> mode != HealingMode.OFF && Detector.isUnproven(each))
                                .map(AbandonedLease::silence)
                                .max(Duration::compareTo)
                                .orElse(Duration.ZERO),
                        registry.quarantined()),
                loop.mishaps(journal.lostNotices()),
                witness.testimony());
    }

    /** Publishes the figures to this source from now on, and removes them from the previous one. */
    public void metrics(Metrics.Source source) {
        try {
            metrics.bind(Metrics.NONE); // first: otherwise the new meters would be removed with the old
            Metrics made = source.of(dataSource, this::state);
            metrics.bind(made);
            made.safeguards(safeguards);
        } catch (RuntimeException | Error e) {
            LOG.warn(
                    "[{}] the meters could not be made: {}; all goes on without them",
                    dataSource,
                    e.getClass().getName());
        }
    }

    public void disconnectControl() {
        servers.disconnect();
    }

    public void reconnectControl() {
        servers.reconnect();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        rehearsal.close();
        loop.close();
        servers.close();
        journal.close();
    }
}
