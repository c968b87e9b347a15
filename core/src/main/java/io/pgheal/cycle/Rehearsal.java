package io.pgheal.cycle;

import io.pgheal.HealingConfig;
import io.pgheal.decide.HealingMode;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Safeguards;
import io.pgheal.postgres.ServerOfNobody;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentJournal;
import io.pgheal.report.Metrics;
import io.pgheal.thread.Crew;
import io.pgheal.thread.Lane;
import io.pgheal.track.LeaseOfNobody;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.Ticker;
import io.pgheal.witness.Witness;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.NOPLogger;

/**
 * Heals before the first real one: whole ones, by the healing loop and over a control connection, on a lease of nobody at a
 * server that does not exist. The first heal of a JVM would otherwise have to find its classes, which takes ten times as
 * long as the heal. Touches no connection of the application, and publishes no incident.
 */
final class Rehearsal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);
    /** Whether a rehearsal is under way or done: what one data source has rehearsed, the others need not. */
    private static final AtomicBoolean BEGUN = new AtomicBoolean();
    /** The first of them finds the classes; the others spare a real heal most of what is slow for the second time. */
    private static final int TIMES = 5;

    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final long LOOK_NANOS = 500_000;

    private final HealingConfig config = HealingConfig.builder()
            .mode(HealingMode.HEAL)
            .diagnosisDeadline(PATIENCE) // the whole story, however long it takes
            .build();
    private final Ticker ticker;
    private final Witness witness;
    private volatile boolean over;

    Rehearsal(Ticker ticker) {
        this.ticker = ticker;
        this.witness = Witness.by(ticker); // of its own: what is proven here is no answer to a real question
    }

    /**
     * Begins in the background, unless it was begun before or there are no classes to find. Not on a thread that acts need:
     * there may be no other.
     */
    void start(String dataSource) {
        if (System.getProperty("org.graalvm.nativeimage.imagecode") != null || !BEGUN.compareAndSet(false, true)) {
            return;
        }
        Lane lane = new Lane(Crew.NEWS, dataSource, "rehearsal", 1);
        lane.start();
        lane.add(() -> {
            try {
                BEGUN.set(run());
            } finally {
                lane.close();
            }
        });
    }

    /** Whether it came to its end. Never throws. */
    private boolean run() {
        try {
            for (int i = 0; i < TIMES; i++) {
                Incident incident = heal();
                if (incident == null || incident.outcome() != OutcomeKind.HEALED) {
                    return false;
                }
            }
            return true;
        } catch (Throwable e) {
            report(e);
            return false;
        }
    }

    /** A logger that throws must not make it look like more than it is. */
    private static void report(Throwable e) {
        try {
            LOG.debug("the heal could not be rehearsed: the first one will take longer", e);
        } catch (Throwable loggerFailed) {
            // there is no other place to report it
        }
    }

    /** The incident of one heal; null if it did not come to its end. */
    @Nullable
    Incident heal() throws SQLException {
        ServerOfNobody server = new ServerOfNobody();
        LeaseOfNobody nobody = new LeaseOfNobody(ticker);
        LeaseRegistry registry = nobody.registry();
        Safeguards safeguards = new Safeguards("rehearsal", 1, 1);
        try (Servers servers = new Servers("rehearsal", server::connect, ticker, PATIENCE, NOPLogger.NOP_LOGGER);
                IncidentJournal journal = IncidentJournal.silent(ticker)) {
            HealingCycle cycle = new HealingCycle(
                    () -> config, registry, servers, safeguards, journal, config::mode, ticker, witness);
            Refutations refutations =
                    new Refutations("rehearsal", journal, registry, config::refutationsAllowed, new Unchanged());
            ActThread acts = new ActThread("rehearsal", ticker, PATIENCE);
            try (HealingLoop loop = new HealingLoop(
                    "rehearsal",
                    () -> config,
                    registry,
                    cycle,
                    acts,
                    servers,
                    journal,
                    ticker,
                    Metrics.NONE,
                    refutations,
                    witness)) {
                servers.start();
                loop.start();
                if (!await(() -> servers.home().server().isPresent())) {
                    return null;
                }
                nobody.leave(server.connect());
                if (!await(() -> !journal.last().isEmpty())) {
                    return null;
                }
                // Closing interrupts what is under way; and a class loader that is interrupted may lose a class for
                // good.
                loop.seenAnew();
                await(acts::isIdle);
                return journal.last().get(0);
            }
        }
    }

    /** False if it is over, or took too long. */
    private boolean await(BooleanSupplier condition) {
        long began = ticker.nanos();
        while (!over && ticker.nanos() - began < PATIENCE.toNanos()) {
            if (condition.getAsBoolean()) {
                return true;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return false;
    }

    /** Ends it soon, without an interrupt: its thread may be finding a class. */
    @Override
    public void close() {
        over = true;
    }

    private static final class Unchanged implements Refutations.Modes {
        @Override
        public HealingMode mode() {
            return HealingMode.HEAL;
        }

        @Override
        public void mode(HealingMode next) {
            // of nobody's data source
        }
    }
}
