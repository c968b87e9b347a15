package io.pgheal;

import io.micrometer.core.instrument.MeterRegistry;
import io.pgheal.decide.HealingMode;
import io.pgheal.detect.Detector;
import io.pgheal.detect.Strength;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Safeguards;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.ConnectionOpener;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.postgres.TableLock;
import io.pgheal.postgres.TableName;
import io.pgheal.report.HealerState;
import io.pgheal.report.HealingMeters;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentJournal;
import io.pgheal.report.IncidentListener;
import io.pgheal.report.LateMetrics;
import io.pgheal.report.Metrics;
import io.pgheal.track.InterceptedDataSource;
import io.pgheal.track.LeaseEvent;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.LeaseScope;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.LeaseView;
import io.pgheal.track.LongTransaction;
import io.pgheal.track.Pool;
import io.pgheal.track.Ticker;
import io.pgheal.track.Tracing;
import io.pgheal.track.Waiting;
import io.pgheal.witness.Witness;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.logging.Logger;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * A {@link DataSource} that heals itself: it lends the connections of another one, watches what becomes of them, and
 * ends by itself the transaction of a lease whose owner is gone. Thread-safe. Closing it stops the healer, not the pool:
 * close it first.
 *
 * <p>Whatever goes wrong in pgheal, connections are lent as if it were not there.
 */
public final class SelfHealingDataSource implements DataSource, AutoCloseable {
    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(SelfHealingDataSource.class);
    private static final AtomicInteger UNNAMED = new AtomicInteger();
    private static final Duration ACT_DEADLINE = Duration.ofSeconds(20);
    /** Each remedy may be waited for. */
    private static final int REMEDIES = 3;

    private static final Duration ANSWER = Duration.ofSeconds(5);
    private static final Duration CONTROL_STATEMENT = Duration.ofSeconds(1);
    private static final int CERTAIN_PER_SLOT = 10;
    private static final int POOL_OF_UNKNOWN_SIZE = 10;

    private final DataSource target;
    private final String name;
    private final LeaseRegistry registry;
    private final InterceptedDataSource connections;
    private final Servers servers;
    private final Safeguards safeguards;
    private final LateMetrics metrics = new LateMetrics();
    private final IncidentJournal journal;
    private final HealingLoop loop;
    private final Witness witness;
    private final OperatorActs operator;
    private final AtomicInteger refutations = new AtomicInteger();
    private volatile HealingConfig config;
    private volatile HealingMode mode;
    private volatile boolean closed;

    private SelfHealingDataSource(Builder builder) {
        this.target = builder.target;
        this.config = builder.config;
        this.mode = config.mode();
        Ticker ticker = builder.ticker;
        Waiting waiting = new Waiting(ticker);
        Pool pool = Pool.of(target, waiting);
        this.name = builder.name != null
                ? builder.name
                : pool.name().orElseGet(() -> "dataSource-" + UNNAMED.incrementAndGet());
        this.registry = new LeaseRegistry(
                name,
                pool,
                config.stackPreflight(),
                config.borrowStacks(),
                ticker,
                builder.insideTransaction,
                config.spare().statementTags());
        this.connections = new InterceptedDataSource(name, target, registry, waiting, builder.interception);
        this.servers =
                new Servers(name, ControlAddress.of(target, builder.control), ticker, config.escalationInterval());
        registry.onNewConnection(servers::seen);
        registry.tracing(builder.tracing);
        int certain = config.certainPerMinute() > 0
                ? config.certainPerMinute()
                : CERTAIN_PER_SLOT * pool.size().orElse(POOL_OF_UNKNOWN_SIZE);
        this.safeguards = new Safeguards(name, config.signalsPerMinute(), certain);
        this.journal =
                new IncidentJournal(name, ticker, config.incidentsKept(), metrics, builder.tracing, builder.listeners);
        this.witness = builder.witness;
        HealingCycle cycle =
                new HealingCycle(this::config, registry, servers, safeguards, journal, this::mode, ticker, witness);
        ActThread acts = new ActThread(
                name, ticker, ACT_DEADLINE.plus(config.escalationInterval().multipliedBy(REMEDIES)));
        this.loop =
                new HealingLoop(name, this::config, registry, cycle, acts, ticker, metrics, new Refutations(), witness);
        this.operator = new OperatorActs(servers.all().get(0), acts, journal, () -> config().spare(), loop::seenAnew);
        metrics(builder.metrics);
        servers.start();
        loop.start();
        LOG.info("[{}] pgheal guards this data source, mode {}", name, mode);
    }

    /** Guards {@code target}, whose connections should be PostgreSQL's; others are lent as they are. */
    public static Builder builder(DataSource target) {
        return new Builder(target);
    }

    // ---- DataSource

    @Override
    public Connection getConnection() throws SQLException {
        return isPassive() ? target.getConnection() : connections.getConnection();
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        return isPassive() ? target.getConnection(username, password) : connections.getConnection(username, password);
    }

    private boolean isPassive() {
        return closed || mode == HealingMode.OFF;
    }

    @Override
    public PrintWriter getLogWriter() throws SQLException {
        return target.getLogWriter();
    }

    @Override
    public void setLogWriter(PrintWriter out) throws SQLException {
        target.setLogWriter(out);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        target.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return target.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return target.getParentLogger();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        return type.isInstance(target) ? type.cast(target) : target.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(this) || type.isInstance(target) || target.isWrapperFor(type);
    }

    // ---- what people ask and say

    public String name() {
        return name;
    }

    public HealingMode mode() {
        return mode;
    }

    /** Takes effect at once. Leases that were made before {@link HealingMode#OFF} stay tracked, and are not touched. */
    public void mode(HealingMode next) {
        setMode(next, "");
    }

    /**
     * The same, asked for by an operator, whom the log tells.
     *
     * @throws IllegalArgumentException if that is no name on one line
     */
    public void mode(HealingMode next, String by) {
        setMode(next, ", set by " + OperatorActs.named(by));
    }

    private void setMode(HealingMode next, String by) {
        HealingMode before = mode;
        mode = next;
        if (before != next) {
            LOG.warn("[{}] pgheal's mode is now {} (was {}){}", name, next, before, by);
        }
    }

    /** The rules that hold now. The mode in it is that of the start: {@link #mode()} tells the present one. */
    public HealingConfig config() {
        return config;
    }

    /**
     * Changes the rules while it runs: time limits, grace and patience, tables, spare rules and the like; they count from the
     * next decision on, also for what is under way. The mode in it is not looked at. What is built in at the start (budgets,
     * borrow stacks, the preflight, the incidents kept, the escalation interval) must be as it is: begin with {@code
     * config().toBuilder()}.
     *
     * @throws IllegalArgumentException if it is not, with a sentence that says so; nothing is changed then
     */
    public void config(HealingConfig next) {
        setConfig(next, "");
    }

    /**
     * The same, asked for by an operator, whom the log tells.
     *
     * @throws IllegalArgumentException also if that is no name on one line
     */
    public void config(HealingConfig next, String by) {
        setConfig(next, ", set by " + OperatorActs.named(by));
    }

    private synchronized void setConfig(HealingConfig next, String by) {
        List<String> changes = RuleChange.between(config, next);
        if (changes.isEmpty()) {
            return;
        }
        registry.spareStatementTags(next.spare().statementTags());
        config = next;
        loop.rulesChanged();
        LOG.warn("[{}] pgheal's rules have changed: {}{}", name, String.join("; ", changes), by);
    }

    /** The open leases, as seen by the healing loop a moment ago. */
    public List<LeaseView> leases() {
        return loop.seen().stream()
                .filter(lease -> !lease.lease().isOver())
                .map(LeaseView::of)
                .toList();
    }

    /** The last incidents, the newest first. */
    public List<Incident> incidents() {
        return journal.last();
    }

    /**
     * The places in the code whose leases were seen to move between threads, or came back when they were judged to be lost: the
     * end of a request by an error is no proof there.
     */
    public java.util.Set<String> movingSites() {
        return registry.sites().moving();
    }

    /** The server that the questions below are put to; empty while it cannot be asked. */
    public Optional<ServerIdentity> server() {
        return servers.home().server().map(ControlChannel.Server::identity);
    }

    /** Who waits for whom in the whole database, now. */
    public BlockingTree blockingTree() throws SQLException {
        return servers.home().ask(ANSWER, control -> control.fullBlockingTree(null));
    }

    /**
     * Who holds which locks on a table, and who waits for them, now.
     *
     * @param table {@code table} or {@code schema.table}
     */
    public List<TableLock> locksOn(String table) throws SQLException {
        TableName parsed = TableName.parse(table);
        return servers.home().ask(ANSWER, control -> control.locksOn(parsed));
    }

    /**
     * Whom {@link #release} would hit, and who would be refused, now. Nothing is done.
     *
     * @throws SQLException when the server cannot be asked, or the session that is meant has ended or moved on
     */
    public List<ReleaseCandidate> wouldRelease(ReleaseTarget whom, Release how) throws SQLException {
        return operator.wouldRelease(whom, how);
    }

    /**
     * An operator's act: ends what stands in the way, in any mode, behind the same guard as pgheal's own heals. A session that
     * commits, that is hidden, that is no client's, or that a spare rule names is refused. Waits for the end of the act, at
     * most 30 s.
     *
     * @param by the operator's name, told in the incidents
     * @return an incident for each session that was meant, whatever became of it
     * @throws SQLException when the server cannot be asked, or the session that is meant has ended or moved on
     */
    public List<Incident> release(ReleaseTarget whom, Release how, String by) throws SQLException {
        return operator.release(whom, how, by);
    }

    /** Begins a unit of work on the calling thread whose leases must not outlive it; to be closed by the same thread. */
    public LeaseScope scope(String scopeName) {
        return registry.openScope(scopeName, true);
    }

    /** The same for frameworks: its normal end proves less, for the application did not say so itself. */
    public LeaseScope frameworkScope(String scopeName) {
        return registry.openScope(scopeName, false);
    }

    /**
     * Begins a piece of work on the calling thread that may take long: until it is closed, or {@code time} is over, no time
     * limit applies to the connections that the thread has borrowed here or borrows meanwhile. Proof that an owner is gone
     * still counts. For one connection there is {@link io.pgheal.track.HealingLease#extend}. To be closed by the same thread;
     * may be nested.
     *
     * @throws IllegalArgumentException if {@code time} is not longer than zero
     */
    public LongTransaction longTransaction(Duration time) {
        return registry.longTransaction(time);
    }

    /** How the healer itself is. */
    public HealerState healer() {
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
                safeguards.isBreakerOpen(),
                safeguards.signalsLeft(),
                safeguards.certainLeft(),
                registry.openCount(),
                open.size(),
                registry.heldUpCount(),
                open.stream().map(LeaseSnapshot::quiet).max(Duration::compareTo).orElse(Duration.ZERO),
                registry.quarantined(),
                servers.asked(),
                registry.lostEvents(),
                loop.mishaps(servers, journal.lostNotices()),
                witness.testimony(),
                (int) suspects.stream().filter(each -> each.lease().retained()).count(),
                suspects.stream()
                        .filter(each -> mode != HealingMode.OFF && isUnproven(each))
                        .map(AbandonedLease::silence)
                        .max(Duration::compareTo)
                        .orElse(Duration.ZERO));
    }

    /** Of these the witness is asked sooner or later, whoever waits, and whoever does not. */
    private static boolean isUnproven(AbandonedLease suspect) {
        LeaseSnapshot lease = suspect.lease();
        return suspect.strength() == Strength.SUSPICION
                && lease.transactionOpen()
                && !lease.retained()
                && !lease.extended()
                && !lease.enlisted()
                && !lease.callInProgress();
    }

    /**
     * From now on figures go there, for example to {@code HealingMeters.in(registry)}, and are taken away from where they went
     * before. No type of Micrometer is named here: where it is absent, whoever looks at the methods of this class, as Spring
     * does with every bean, must not fail. Where they cannot be made, that is logged, and all goes on without.
     */
    public void metrics(Metrics.Source source) {
        try {
            metrics.bind(Metrics.NONE); // first, or meters of the same name would be found and then taken away
            Metrics made = source.of(name, this::healer);
            metrics.bind(made);
            made.safeguards(safeguards);
        } catch (RuntimeException | Error e) {
            LOG.warn(
                    "[{}] the meters could not be made: {}; all goes on without them",
                    name,
                    e.getClass().getName());
        }
    }

    /** What a refutation does. */
    private final class Refutations implements HealingLoop.Refutations {
        private volatile String lastForgotten = "";

        @Override
        public boolean heard(LeaseEvent.Refuted event) {
            String id = event.judgement().incidentId();
            Incident wrong = journal.refute(id).orElse(null);
            if (wrong == null) {
                return journal.keeps(id);
            }
            try {
                observe(id); // first: it is not heard again, and learning or telling may fail
            } finally {
                learn(wrong);
                journal.tellAgain(wrong);
            }
            return true;
        }

        /** Which evidence was wrong is not known any more, but that it was is. */
        @Override
        public void heardTooLate(LeaseEvent.Refuted event) {
            String id = event.judgement().incidentId();
            if (!id.equals(lastForgotten)) { // a late caller may come again and again
                lastForgotten = id;
                observe(id);
            }
        }
    }

    private void learn(Incident wrong) {
        LeaseView lease = wrong.lease();
        if (lease != null && !lease.borrowStack().isEmpty()) {
            registry.sites().learnMove(lease.borrowStack().get(0));
        }
    }

    private void observe(String wrong) {
        if (refutations.incrementAndGet() > config.refutationsAllowed() && mode == HealingMode.HEAL) {
            mode(HealingMode.OBSERVE);
            LOG.error(
                    "[{}] incident {} was a wrong judgement: the lease's owner was alive. pgheal only observes from now on; "
                            + "set the mode back to HEAL when you know why ({})",
                    name,
                    wrong,
                    OutcomeKind.REFUTED);
        }
    }

    /** Stops the healer and its control connection. The pool stays open; from now on its connections are lent as they are. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        loop.close();
        servers.close();
        journal.close();
    }

    @Override
    public String toString() {
        return "SelfHealingDataSource[" + name + ", " + mode + "]";
    }

    /** Collects what a {@link SelfHealingDataSource} is made of. Everything but the target is optional. */
    public static final class Builder {
        private final DataSource target;
        private @Nullable String name;
        private HealingConfig config = HealingConfig.defaults();
        private @Nullable ConnectionOpener control;
        private Metrics.Source metrics = (dataSource, healer) -> Metrics.NONE;
        private final List<IncidentListener> listeners = new ArrayList<>();
        private Consumer<ProxyDataSourceBuilder> interception = nobodyListens -> {};
        private BooleanSupplier insideTransaction = () -> false;
        private @Nullable Tracing tracing;
        private Ticker ticker = Ticker.system();
        private Witness witness = Witness.ofThisProcess();

        private Builder(DataSource target) {
            this.target = target;
        }

        /** Default: the pool's own name. */
        public Builder name(String value) {
            name = value;
            return this;
        }

        public Builder config(HealingConfig value) {
            config = value;
            return this;
        }

        /** Where the control connection comes from: another role, a direct way past a pooler. One connection is kept. */
        public Builder controlDataSource(DataSource value) {
            control = ConnectionOpener.from(value, CONTROL_STATEMENT);
            return this;
        }

        /** The same, by URL and credentials. */
        public Builder control(ConnectionOpener value) {
            control = value;
            return this;
        }

        public Builder meterRegistry(MeterRegistry value) {
            metrics = HealingMeters.in(value);
            return this;
        }

        public Builder listener(IncidentListener value) {
            listeners.add(value);
            return this;
        }

        /** Adds listeners or transformers of datasource-proxy, which then sees every call on top of pgheal's handles. */
        public Builder interception(Consumer<ProxyDataSourceBuilder> value) {
            interception = value;
            return this;
        }

        /** Tells whether a transaction that reaches beyond a new scope is active on the calling thread. */
        public Builder insideTransaction(BooleanSupplier value) {
            insideTransaction = value;
            return this;
        }

        /** Tells in which span a connection is borrowed, so that an incident can name it. */
        public Builder tracing(Tracing value) {
            tracing = value;
            return this;
        }

        Builder ticker(Ticker value) {
            ticker = value;
            witness = Witness.by(value);
            return this;
        }

        /** One that others have not asked before. */
        Builder witness(Witness value) {
            witness = value;
            return this;
        }

        /** Starts the healer. The control connection is opened in the background, and again whenever it is lost. */
        public SelfHealingDataSource build() {
            return new SelfHealingDataSource(this);
        }
    }
}
