package io.pgheal;

import io.micrometer.core.instrument.MeterRegistry;
import io.pgheal.cycle.Healing;
import io.pgheal.decide.HealingMode;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.ConnectionOpener;
import io.pgheal.postgres.ControlAddress;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.postgres.TableLock;
import io.pgheal.postgres.TableName;
import io.pgheal.report.HealerState;
import io.pgheal.report.HealingMeters;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentListener;
import io.pgheal.report.Metrics;
import io.pgheal.track.InterceptedDataSource;
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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.logging.Logger;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A {@link DataSource} that heals itself: it lends the connections of another data source, watches what becomes of them,
 * and ends the transaction of a lease whose owner is gone. Thread-safe. Closing it stops the healer, not the pool; close it
 * before the pool.
 *
 * <p>Whatever goes wrong in pgheal, connections are lent as if it were not there.
 */
public final class SelfHealingDataSource implements DataSource, AutoCloseable {
    private static final AtomicInteger UNNAMED = new AtomicInteger();
    private static final Duration CONTROL_STATEMENT = Duration.ofSeconds(1);

    private final DataSource target;
    private final String name;
    private final LeaseRegistry registry;
    private final InterceptedDataSource connections;
    private final Healing healing;
    private volatile boolean closed;

    private SelfHealingDataSource(Builder builder) {
        this.target = builder.target;
        HealingConfig config = builder.config;
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
        registry.tracing(builder.tracing);
        this.connections = new InterceptedDataSource(name, target, registry, waiting, builder.interception);
        this.healing = new Healing(
                name,
                config,
                registry,
                ControlAddress.of(target, builder.control),
                builder.witness,
                ticker,
                builder.tracing,
                builder.listeners);
        metrics(builder.metrics);
        healing.start();
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
        return closed || healing.mode() == HealingMode.OFF;
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

    /**
     * The pool's own connection below one that a data source of pgheal lent, for those methods of a pool that take one:
     * {@code hikari.evictConnection(SelfHealingDataSource.lent(connection))}. Any other connection is returned as it is. Does
     * not count as unwrapping; calls on the pool's own connection are not seen.
     */
    public static Connection lent(Connection connection) {
        return InterceptedDataSource.lent(connection);
    }

    // ---- operators' questions and acts

    public String name() {
        return name;
    }

    public HealingMode mode() {
        return healing.mode();
    }

    /**
     * Takes effect at once. Leases that were made before {@link HealingMode#OFF} stay tracked, but pgheal does not end
     * them.
     */
    public void mode(HealingMode next) {
        healing.mode(next, null);
    }

    /**
     * The same, asked for by an operator, whom the log names.
     *
     * @throws IllegalArgumentException if {@code by} is blank or has line breaks
     */
    public void mode(HealingMode next, String by) {
        healing.mode(next, Objects.requireNonNull(by, "by"));
    }

    /** The present rules. Their mode is that of the start; {@link #mode()} returns the present one. */
    public HealingConfig config() {
        return healing.config();
    }

    /**
     * Changes the rules at run time: time limits, grace and patience, tables, spare rules and the like. The new rules apply
     * from the next decision on, also to open leases. The mode in {@code next} is ignored. Settings that are fixed at the
     * start (budgets, borrow stacks, the preflight, the incidents kept, the escalation interval) must stay as they are:
     * begin with {@code config().toBuilder()}.
     *
     * @throws IllegalArgumentException if one of those differs, with a message that names it; then nothing changes
     */
    public void config(HealingConfig next) {
        healing.config(next, null);
    }

    /**
     * The same, asked for by an operator, whom the log names.
     *
     * @throws IllegalArgumentException also if {@code by} is blank or has line breaks
     */
    public void config(HealingConfig next, String by) {
        healing.config(next, Objects.requireNonNull(by, "by"));
    }

    /** The open leases, as seen by the healing loop a moment ago. */
    public List<LeaseView> leases() {
        return healing.leases().stream()
                .filter(lease -> !lease.lease().isOver())
                .map(LeaseSnapshot::view)
                .toList();
    }

    /** The last incidents, the newest first. */
    public List<Incident> incidents() {
        return healing.incidents();
    }

    /**
     * The units of work, such as {@code POST /import}, whose leases were seen to move between threads, or whose owner came
     * back after it was judged lost: the end of such a request by an error is no proof by itself.
     */
    public Set<String> movingWork() {
        return registry.namesOfMovingWork();
    }

    /** The server that the methods below ask; empty while it cannot be asked. */
    public Optional<ServerIdentity> server() {
        return healing.server();
    }

    /** Who waits for whom in the whole database, now. */
    public BlockingTree blockingTree() throws SQLException {
        return healing.blockingTree();
    }

    /**
     * Who holds which locks on a table, and who waits for them, now.
     *
     * @param table {@code table} or {@code schema.table}
     */
    public List<TableLock> locksOn(String table) throws SQLException {
        return healing.locksOn(TableName.parse(table));
    }

    /**
     * The sessions that {@link #release} would hit now, and those that it would refuse. Changes nothing.
     *
     * @throws SQLException when the server cannot be asked, or the session that is meant has ended or moved on
     */
    public List<ReleaseCandidate> wouldRelease(ReleaseTarget whom, Release how) throws SQLException {
        return healing.wouldRelease(whom, how);
    }

    /**
     * Carries out an operator's act: ends the sessions that are meant, or their statements, in any mode, behind the same
     * guard as pgheal's own heals. Refuses a session that commits, that is hidden, that is no client's, or that a spare
     * rule names. Waits for the end of the act, at most 30 s.
     *
     * @param by the operator's name, as shown in the incidents
     * @return an incident for each session that was meant, whatever became of it
     * @throws SQLException when the server cannot be asked, or the session that is meant has ended or moved on
     */
    public List<Incident> release(ReleaseTarget whom, Release how, String by) throws SQLException {
        return healing.release(whom, how, by);
    }

    /** Begins a unit of work on the calling thread whose leases must not outlive it; to be closed by the same thread. */
    public LeaseScope scope(String scopeName) {
        return registry.openScope(scopeName, true);
    }

    /** The same for frameworks: the scope's normal end proves less, because the application did not say so itself. */
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

    /** The state of the healer itself. Cheap, for any thread. */
    public HealerState healer() {
        return healing.state();
    }

    /**
     * Publishes the figures to this source from now on, for example {@code HealingMeters.in(registry)}, and removes them
     * from the previous one. The signature names no type of Micrometer, so that reflection on this class, as Spring does
     * with every bean, works where Micrometer is absent. If the meters cannot be made, pgheal logs that and goes on without
     * them.
     */
    public void metrics(Metrics.Source source) {
        healing.metrics(source);
    }

    /**
     * Closes pgheal's own connections to the server until {@link #reconnectControl()}: before a checkpoint of the JVM (CRaC),
     * say, at which no connection may be open. Until then pgheal is blind: abandoned connections are still aborted, but nothing
     * can be asked or signalled. The pool is not touched. Waits for that, at most 2 s for each; one that is just being opened may be closed later.
     */
    public void disconnectControl() {
        healing.disconnectControl();
    }

    /** Opens pgheal's own connections again, in the background. Does nothing unless they were disconnected. */
    public void reconnectControl() {
        healing.reconnectControl();
    }

    /** Stops the healer and its control connection. The pool stays open; from now on its connections are lent as they are. */
    @Override
    public void close() {
        closed = true;
        healing.close();
    }

    @Override
    public String toString() {
        return "SelfHealingDataSource[" + name + ", " + mode() + "]";
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

        /**
         * Where the control connection comes from: with another role, or by a direct way past a pooler. pgheal keeps one
         * connection.
         */
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

        /** Answers whether a transaction that reaches beyond a new scope is active on the calling thread. */
        public Builder insideTransaction(BooleanSupplier value) {
            insideTransaction = value;
            return this;
        }

        /** Names the span in which a connection is borrowed, for the incidents. */
        public Builder tracing(Tracing value) {
            tracing = value;
            return this;
        }

        Builder ticker(Ticker value) {
            ticker = value;
            witness = Witness.by(value);
            return this;
        }

        /** A witness that no other data source has asked before. */
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
