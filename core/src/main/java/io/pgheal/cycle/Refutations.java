package io.pgheal.cycle;

import io.pgheal.decide.HealingMode;
import io.pgheal.heal.ActThread;
import io.pgheal.heal.ActThread.Turn;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentJournal;
import io.pgheal.track.BorrowSites;
import io.pgheal.track.LeaseEvent;
import io.pgheal.track.LeaseView;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wrong judgements: an owner that was taken for gone has called again. Each is told with its incident, teaches its place in
 * the code, and more of them than are allowed end the healing. The loop hears them; the act thread hears those whose heal was
 * still under way.
 */
final class Refutations {
    /** The name of the class that users know. */
    private static final Logger LOG = LoggerFactory.getLogger("io.pgheal.SelfHealingDataSource");

    private final String dataSource;
    private final IncidentJournal journal;
    private final BorrowSites sites;
    private final IntSupplier allowed;
    private final Modes modes;
    private final AtomicInteger heard = new AtomicInteger();

    /** Came while the heals that they refute were under way. Of the loop. */
    private final List<LeaseEvent.Refuted> early = new ArrayList<>();

    private volatile String lastForgotten = "";

    /** Where the mode stands, and how it is changed. */
    interface Modes {
        HealingMode mode();

        void mode(HealingMode next);
    }

    Refutations(String dataSource, IncidentJournal journal, BorrowSites sites, IntSupplier allowed, Modes modes) {
        this.dataSource = dataSource;
        this.journal = journal;
        this.sites = sites;
        this.allowed = allowed;
        this.modes = modes;
    }

    void hear(LeaseEvent.Refuted event) {
        // Its heal may be under way, and tells its story at the end; a late caller may come again and again until then.
        if (!isHeard(event)
                && early.stream()
                        .noneMatch(one -> one.judgement()
                                .incidentId()
                                .equals(event.judgement().incidentId()))) {
            early.add(event);
        }
    }

    /** Those that came too early, before all heals that wait: they may end the healing. */
    void hearTheEarly(ActThread acts) {
        early.removeIf(event -> acts.submit(Turn.NEXT, () -> {
            if (!isHeard(event)) {
                hearTooLate(event);
            }
        }));
    }

    /** False if its incident is not known: not told yet, or not kept any more. */
    private boolean isHeard(LeaseEvent.Refuted event) {
        String id = event.judgement().incidentId();
        Incident wrong = journal.refute(id).orElse(null);
        if (wrong == null) {
            return journal.keeps(id);
        }
        try {
            count(id); // first: it is not heard again, and learning or telling may fail
        } finally {
            learn(wrong);
            journal.tellAgain(wrong);
        }
        return true;
    }

    /** Its incident is not kept any more: which evidence was wrong is not known, but that it was is. */
    private void hearTooLate(LeaseEvent.Refuted event) {
        String id = event.judgement().incidentId();
        if (!id.equals(lastForgotten)) { // a late caller may come again and again
            lastForgotten = id;
            count(id);
        }
    }

    private void learn(Incident wrong) {
        LeaseView lease = wrong.lease();
        if (lease != null && !lease.borrowStack().isEmpty()) {
            sites.learnMove(lease.borrowStack().get(0));
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
