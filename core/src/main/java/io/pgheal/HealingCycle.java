package io.pgheal;

import io.pgheal.Questions.PendingStory;
import io.pgheal.decide.Decider;
import io.pgheal.decide.Decision;
import io.pgheal.decide.HealingMode;
import io.pgheal.detect.Strength;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.detect.Symptom.OutlivedBackends;
import io.pgheal.detect.Symptom.SlowStatements;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.Diagnostician;
import io.pgheal.diagnose.ServerSide;
import io.pgheal.heal.Healer;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Safeguards;
import io.pgheal.postgres.BackendId;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentJournal;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.LeaseView;
import io.pgheal.track.Revocation;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The whole flow, from a symptom to an incident: the first file to read. Runs on the act thread, one symptom at a time.
 */
final class HealingCycle {
    private final HealingConfig config;
    private final LeaseRegistry registry;
    private final Questions questions;
    private final Safeguards safeguards;
    private final Healer healer;
    private final IncidentJournal journal;
    private final Supplier<HealingMode> mode;
    private final ToldStories told = new ToldStories();

    HealingCycle(
            HealingConfig config,
            LeaseRegistry registry,
            Questions questions,
            Safeguards safeguards,
            Healer healer,
            IncidentJournal journal,
            Supplier<HealingMode> mode) {
        this.config = config;
        this.registry = registry;
        this.questions = questions;
        this.safeguards = safeguards;
        this.healer = healer;
        this.journal = journal;
        this.mode = mode;
    }

    /** One lease of ours whose owner seems to be gone. */
    Decision abandoned(AbandonedLease symptom) {
        boolean exhausted = registry.isPoolExhausted();
        if (symptom.strength() != Strength.CERTAIN) {
            ServerSide server = questions.storyIfSomebodyWaits(
                    symptom, exhausted, config.limits().patience());
            return conclude(Diagnostician.abandoned(symptom, server, exhausted));
        }
        // The story must be asked before the heal, for the locks are gone after it; but the heal does not wait for
        // long.
        PendingStory story = questions.story(symptom.lease());
        Duration deadline = mode.get() == HealingMode.HEAL ? config.diagnosisDeadline() : Questions.ANSWER;
        return conclude(
                Diagnostician.abandoned(symptom, story.within(deadline), exhausted),
                () -> Diagnostician.abandoned(symptom, story.byNow(), exhausted));
    }

    /** Statements of ours that run for long, or just failed: whom do they wait for? */
    List<Decision> blockers(SlowStatements symptom, Collection<LeaseSnapshot> leases, Set<BackendId> abandoned) {
        return questions.blockersOf(symptom, leases, abandoned, told).stream()
                .map(this::conclude)
                .toList();
    }

    /** Backends that a lease of ours may have left behind. Returns those that are still there. */
    Set<BackendId> outlived(OutlivedBackends symptom) {
        var remaining = questions.stillThere(symptom.backends());
        remaining.busy().stream().map(Diagnostician::orphaned).forEach(this::conclude);
        return remaining.all();
    }

    private Decision conclude(Diagnosis diagnosis) {
        return conclude(diagnosis, () -> diagnosis);
    }

    /** @param atTheEnd what is known by then, for the telling */
    private Decision conclude(Diagnosis diagnosis, Supplier<Diagnosis> atTheEnd) {
        Decision decision = safeguards.permit(Decider.decide(diagnosis, config.limits(), config.spare(), mode.get()));
        switch (decision.action()) {
            case HEAL -> heal(diagnosis, decision, atTheEnd);
            case WOULD_HEAL -> told.once(diagnosis, decision, () -> wouldHeal(diagnosis, decision));
            case REPORT ->
                told.once(diagnosis, decision, () -> tell(journal.nextId(), diagnosis, decision, OutcomeKind.REPORTED));
            case WAIT, NOTHING -> {}
        }
        return decision;
    }

    private void heal(Diagnosis diagnosis, Decision decision, Supplier<Diagnosis> atTheEnd) {
        String id = told.idOf(diagnosis).orElseGet(journal::nextId);
        LeaseView lease = view(diagnosis);
        Outcome outcome = Outcome.untouched(OutcomeKind.UNRESOLVED);
        try {
            outcome = healer.carryOut(diagnosis, decision, id);
        } finally {
            safeguards.ended(outcome);
        }
        if (outcome.kind() != OutcomeKind.WITHDRAWN) {
            journal.tell(id, diagnosis.backend() == null ? atTheEnd.get() : diagnosis, decision, outcome, lease);
        }
    }

    private String wouldHeal(Diagnosis diagnosis, Decision decision) {
        String id = journal.nextId();
        LeaseSnapshot lease = diagnosis.lease();
        if (lease != null && decision.evidenceBased()) {
            lease.lease().suspect(new Revocation(id, decision.reason(), true, false));
        }
        return tell(id, diagnosis, decision, OutcomeKind.WOULD_HEAL);
    }

    private String tell(String id, Diagnosis diagnosis, Decision decision, OutcomeKind kind) {
        Incident incident = journal.tell(id, diagnosis, decision, Outcome.untouched(kind), view(diagnosis));
        return incident.id();
    }

    private static @Nullable LeaseView view(Diagnosis diagnosis) {
        return diagnosis.lease() == null ? null : LeaseView.of(diagnosis.lease());
    }
}
