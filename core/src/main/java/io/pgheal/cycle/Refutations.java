package io.pgheal.cycle;

import io.pgheal.decide.HealingMode;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.ActThread.Turn;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentJournal;
import io.pgheal.track.LeaseEvent;
import io.pgheal.track.LeaseRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles wrong judgements: an owner that was taken for gone has called again. Each one is reported with its incident and
 * taught to the registry; more than allowed of them switch pgheal to OBSERVE. Used by the loop's thread, and by the act
 * thread for those whose heal was still under way.
 */
final class Refutations {
    /** The name of the class that users know. */
    private static final Logger LOG = LoggerFactory.getLogger("io.pgheal.SelfHealingDataSource");

    private final String dataSource;
    private final IncidentJournal journal;
    private final LeaseRegistry registry;
    private final IntSupplier allowed;
    private final Modes modes;
    private final AtomicInteger heard = new AtomicInteger();

    /** Came while the heals that they refute were under way. Only for the loop's thread. */
    private final List<LeaseEvent.Refuted> early = new ArrayList<>();

    private volatile String lastForgotten = "";

    /** Reads and changes the mode. */
    interface Modes {
        HealingMode mode();

        void mode(HealingMode next);
    }

    Refutations(String dataSource, IncidentJournal journal, LeaseRegistry registry, IntSupplier allowed, Modes modes) {
        this.dataSource = dataSource;
        this.journal = journal;
        this.registry = registry;
        this.allowed = allowed;
        this.modes = modes;
    }

    void hear(LeaseEvent.Refuted event) {
        registry.moved(event.lease()); // first, and for every incident: the next judgement may come before its story
        // The heal may be under way and publishes its incident at the end; until then a late caller may come again.
        if (!isHeard(event)
                && early.stream()
                        .noneMatch(one -> one.judgement()
                                .incidentId()
                                .equals(event.judgement().incidentId()))) {
            early.add(event);
        }
    }

    /** Submits those that came too early, ahead of all waiting heals, because they may end the healing. */
    void hearTheEarly(ActThread acts) {
        early.removeIf(event -> acts.submit(Turn.NEXT, () -> {
            if (!isHeard(event)) {
                hearTooLate(event);
            }
        }));
    }

    /** False if the incident is unknown: not published yet, or not kept any more. */
    private boolean isHeard(LeaseEvent.Refuted event) {
        String id = event.judgement().incidentId();
        Incident wrong = journal.refute(id).orElse(null);
        if (wrong == null) {
            return journal.keeps(id);
        }
        try {
            count(id); // first: it is not handled again, and publishing may fail
        } finally {
            journal.publishAgain(wrong);
        }
        return true;
    }

    /** The incident is not kept any more: the judgement was wrong, but which evidence misled it is unknown. */
    private void hearTooLate(LeaseEvent.Refuted event) {
        String id = event.judgement().incidentId();
        if (!id.equals(lastForgotten)) { // a late caller may come again and again
            lastForgotten = id;
            count(id);
        }
    }

    private void count(String wrong) {
        if (heard.incrementAndGet() > allowed.getAsInt() && modes.mode() == HealingMode.HEAL) {
            modes.mode(HealingMode.OBSERVE);
            LOG.error(
                    "[{}] incident {} was a wrong judgement: the lease's owner was alive. pgheal only observes from now on; "
                            + "set the mode back to HEAL when you know why ({})",
                    dataSource,
                    wrong,
                    OutcomeKind.REFUTED);
        }
    }
}
