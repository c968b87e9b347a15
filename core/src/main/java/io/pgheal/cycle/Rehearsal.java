package io.pgheal.cycle;

import io.pgheal.HealingConfig;
import io.pgheal.decide.HealingMode;
import io.pgheal.detect.Detector;
import io.pgheal.heal.Safeguards;
import io.pgheal.report.IncidentJournal;
import io.pgheal.track.LeaseOfNobody;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.Ticker;
import io.pgheal.witness.Witness;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One heal before the first real one, on a lease of nobody: the first heal of a JVM would otherwise have to find its
 * classes. Asks no server, touches no connection, and tells nothing.
 */
final class Rehearsal {
    private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);

    private Rehearsal() {}

    /** Never throws. Returns whether the lease was healed. */
    static boolean run(HealingConfig config, Servers servers, Ticker ticker, Witness witness) {
        try {
            LeaseOfNobody nobody = new LeaseOfNobody(ticker);
            LeaseSnapshot lease = nobody.seen();
            HealingCycle cycle = new HealingCycle(
                    () -> config,
                    nobody.registry(),
                    servers,
                    new Safeguards("rehearsal", 1, 1),
                    IncidentJournal.silent(ticker),
                    () -> HealingMode.HEAL,
                    ticker,
                    witness);
            Detector.abandoned(lease).ifPresent(symptom -> cycle.abandoned(symptom, List.of(lease), Set.of()));
            return lease.lease().isOver();
        } catch (Exception | LinkageError | AssertionError e) {
            LOG.debug("the heal could not be rehearsed: the first one will take longer", e);
            return false;
        }
    }
}
