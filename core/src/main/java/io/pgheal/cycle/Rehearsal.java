package io.pgheal.cycle;

import io.pgheal.HealingConfig;
import io.pgheal.decide.HealingMode;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.Safeguards;
import io.pgheal.postgres.ServerOfNobody;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentJournal;
import io.pgheal.report.Metrics;
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
 * long as the heal. Touches no connection of the application, and tells nothing.
 */
final class Rehearsal {
    private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);
    private static final AtomicBoolean BEGUN = new AtomicBoolean();
    /** The first of them finds the classes; after the others the heal is about as quick as it ever gets. */
    private static final int TIMES = 5;

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final long LOOK_NANOS = 500_000;

    private final HealingConfig config = HealingConfig.builder()
            .mode(HealingMode.HEAL)
            .diagnosisDeadline(PATIENCE) // the whole story, however long it takes
            .build();
    private final Ticker ticker;
    private final Witness witness;

    Rehearsal(Ticker ticker, Witness witness) {
        this.ticker = ticker;
        this.witness = witness;
    }

    /** True once in the life of these classes: what one data source has rehearsed, the others need not. */
    static boolean isDue() {
        return BEGUN.compareAndSet(false, true);
    }

    /** Ends early if the calling thread is interrupted. Never throws. */
    void run() {
        try {
            for (int i = 0; i < TIMES && !Thread.currentThread().isInterrupted(); i++) {
                heal();
            }
        } catch (Exception | LinkageError | AssertionError e) {
            LOG.debug("the heal could not be rehearsed: the first one will take longer", e);
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
                await(() -> servers.home().server().isPresent());
                nobody.leave(server.connect());
                await(() -> !journal.last().isEmpty());
                return journal.last().stream().findFirst().orElse(null);
            }
        }
    }

    private void await(BooleanSupplier condition) {
        long began = ticker.nanos();
        while (!condition.getAsBoolean()
                && ticker.nanos() - began < PATIENCE.toNanos()
                && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
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
