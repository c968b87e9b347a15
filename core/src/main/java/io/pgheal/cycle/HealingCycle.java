package io.pgheal.cycle;

import io.pgheal.HealingConfig;
import io.pgheal.cycle.Questions.Blocking;
import io.pgheal.cycle.Questions.PendingStory;
import io.pgheal.cycle.Servers.Reach;
import io.pgheal.decide.Action;
import io.pgheal.decide.Asking;
import io.pgheal.decide.Decider;
import io.pgheal.decide.Decision;
import io.pgheal.decide.HealingMode;
import io.pgheal.decide.Retained;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.detect.Symptom.AbandonedLease;
import io.pgheal.detect.Symptom.OutlivedBackends;
import io.pgheal.detect.Symptom.SlowStatements;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.diagnose.Diagnostician;
import io.pgheal.diagnose.ServerSide;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Safeguards;
import io.pgheal.postgres.Backend;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.BackendStory;
import io.pgheal.postgres.BlockingTree;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.HeldLock;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.postgres.TransactionEnd;
import io.pgheal.postgres.Waiter;
import io.pgheal.report.IncidentJournal;
import io.pgheal.track.Lease;
import io.pgheal.track.LeaseEvent.FailedWait;
import io.pgheal.track.LeaseRegistry;
import io.pgheal.track.LeaseSnapshot;
import io.pgheal.track.LeaseView;
import io.pgheal.track.LockHolder;
import io.pgheal.track.Revocation;
import io.pgheal.track.Ticker;
import io.pgheal.witness.Testimony;
import io.pgheal.witness.Witness;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The whole flow, from a symptom to an incident: the first file to read. Runs on the act thread, one symptom at a time.
 */
final class HealingCycle {
    private static final Duration TYPICAL_ANSWER = Duration.ofSeconds(2);

    private final Supplier<HealingConfig> config;
    private final LeaseRegistry registry;
    private final Servers servers;
    private final Safeguards safeguards;
    private final IncidentJournal journal;
    private final Supplier<HealingMode> mode;
    private final Ticker ticker;
    private final Witness witness;
    private final ToldStories told = new ToldStories();
    private final InTheWay inTheWay = new InTheWay();

    HealingCycle(
            Supplier<HealingConfig> config,
            LeaseRegistry registry,
            Servers servers,
            Safeguards safeguards,
            IncidentJournal journal,
            Supplier<HealingMode> mode,
            Ticker ticker,
            Witness witness) {
        this.config = config;
        this.registry = registry;
        this.servers = servers;
        this.safeguards = safeguards;
        this.journal = journal;
        this.mode = mode;
        this.ticker = ticker;
        this.witness = witness;
    }

    /**
     * Judges a lease whose owner seems to be gone.
     *
     * @param leases all open leases, as seen before the server is asked; the cycle records which of them wait for which
     *     holder
     * @param suspects further backends to ask about in the same query, because their turn is next
     */
    Decision abandoned(AbandonedLease symptom, Collection<LeaseSnapshot> leases, Set<BackendId> suspects) {
        WaitingCalls calls = new WaitingCalls(leases);
        boolean exhausted = registry.isPoolExhausted();
        Reach there = servers.of(symptom.lease());
        if (symptom.strength() != Strength.CERTAIN) {
            ServerSide server = there.questions.storyIfSomebodyWaits(
                    symptom, suspects, exhausted, config.get().limits().patience(), locksMatter());
            return conclude(there, Diagnostician.abandoned(symptom, server, exhausted, registry.backends()), calls);
        }
        // Ask for the story before the heal, which releases the locks; but do not delay the heal for long.
        boolean healing = mode.get() == HealingMode.HEAL;
        Duration deadline = healing ? config.get().diagnosisDeadline() : Questions.ANSWER;
        boolean slotIsMissed = exhausted && symptom.lease().unreachable();
        PendingStory story =
                there.questions.storyBeforeHeal(symptom.lease(), deadline, !healing || locksMatter(), !slotIsMissed);
        boolean isWhole = story.isWhole();
        return conclude(
                there,
                Diagnostician.abandoned(symptom, story.byNow(), exhausted, registry.backends()),
                known -> isWhole
                        ? known
                        : Diagnostician.abandoned(symptom, story.byNow(), exhausted, registry.backends()),
                calls);
    }

    /**
     * Finds and judges the sessions for which our slow or just failed statements wait.
     *
     * @param asked runs after all servers were asked and before anything is healed
     */
    List<Decision> blockers(
            SlowStatements symptom,
            Collection<LeaseSnapshot> leases,
            Map<BackendId, AbandonedLease> abandoned,
            Runnable asked) {
        WaitingCalls calls = new WaitingCalls(leases);
        Map<Reach, List<Diagnosis>> found = new LinkedHashMap<>();
        List<AbandonedLease> suspected = new ArrayList<>();
        for (Reach there : servers.all()) {
            try {
                Blocking blocking = there.questions.whoBlocks(symptom, leases).orElse(null);
                if (blocking == null) {
                    continue; // none of the statements runs on this server
                }
                List<Diagnosis> culprits = culprits(there, blocking, abandoned.keySet());
                learn(there, symptom, blocking.tree());
                suspected.addAll(recordWaitersForAbandoned(blocking.tree(), abandoned, calls));
                found.put(there, culprits);
            } catch (SQLException e) {
                // the channel has logged the failure; the server is asked again when the statements are slower still
            }
        }
        asked.run();
        long now = ticker.nanos();
        inTheWay.lookedAt(found.values().stream().flatMap(List::stream), now);
        List<Decision> decisions = new ArrayList<>();
        for (Map.Entry<Reach, List<Diagnosis>> each : found.entrySet()) {
            for (Diagnosis seen : each.getValue()) {
                Diagnosis culprit = seen.inTheWayFor(inTheWay.since(seen, now));
                if (Thread.currentThread().isInterrupted()) {
                    return decisions; // this act was given up: what it saw is stale, and another act is at work
                }
                decisions.add(conclude(each.getKey(), culprit, calls));
            }
        }
        for (AbandonedLease each : suspected) {
            decisions.add(abandoned(each, leases, Set.of()));
        }
        return decisions;
    }

    /**
     * Diagnoses the root blockers. Reading their locks is the expensive half, so it happens once per story. Where a rule
     * depends on locks it happens each time, because a known culprit may since have locked a table that is to be spared.
     *
     * @param abandoned backends of leases with evidence against their owners: these are judged separately
     */
    private List<Diagnosis> culprits(Reach there, Blocking blocking, Set<BackendId> abandoned) throws SQLException {
        List<Diagnosis> found =
                Diagnostician.blockers(blocking.tree(), blocking.waiters(), blocking.ours(), abandoned, Map.of());
        if (!locksMatter() && found.stream().allMatch(told::knows)) {
            return found;
        }
        Map<Integer, List<HeldLock>> locks = there.questions.locksOf(found.stream()
                .map(Diagnosis::backendId)
                .filter(Objects::nonNull)
                .toList());
        return Diagnostician.blockers(blocking.tree(), blocking.waiters(), blocking.ours(), abandoned, locks);
    }

    /** Whether a rule depends on locks of the culprit for which nobody waits. */
    private boolean locksMatter() {
        return !config.get().spare().tables().isEmpty();
    }

    /** Raises the threshold of each statement that was asked about early although it did not wait. */
    private void learn(Reach there, SlowStatements symptom, BlockingTree tree) {
        ServerIdentity server =
                there.channel.server().map(ControlChannel.Server::identity).orElse(null);
        Set<Integer> waiting = tree.waiters().stream().map(Waiter::pid).collect(Collectors.toSet());
        Duration usual = config.get().lockWaitThreshold();
        for (LeaseSnapshot lease : symptom.leases()) {
            BackendId backend = lease.physical().backend();
            if (backend != null
                    && Objects.equals(lease.physical().server(), server)
                    && !waiting.contains(backend.pid())
                    && lease.callFor().compareTo(usual) < 0
                    && lease.callFor().compareTo(registry.waits().threshold(lease.statementShape(), usual)) >= 0) {
                registry.waits().learnAskedInVain(lease.statementShape(), usual);
            }
        }
    }

    /**
     * Records which of our calls wait for a lease whose owner is certainly gone; such a lease is judged separately.
     *
     * @return the leases that are only suspected: a waiter is a reason to judge them now
     */
    private List<AbandonedLease> recordWaitersForAbandoned(
            BlockingTree tree, Map<BackendId, AbandonedLease> abandoned, WaitingCalls calls) {
        List<AbandonedLease> suspected = new ArrayList<>();
        for (int root : tree.roots()) {
            Backend backend = tree.backend(root).orElse(null);
            BackendId id = backend == null ? null : backend.id();
            AbandonedLease symptom = id == null ? null : abandoned.get(id);
            if (symptom != null && symptom.strength() != Strength.CERTAIN) {
                suspected.add(symptom);
            } else if (backend != null && symptom != null) {
                BackendStory story =
                        new BackendStory(backend, List.of(), Set.of(), tree.waitersOf(root), tree.truncated());
                Diagnosis diagnosis = Diagnostician.abandoned(
                        symptom, ServerSide.told(story), registry.isPoolExhausted(), registry.backends());
                recordWhatIsDue(diagnosis, Asking.NOT, told.incidentOf(diagnosis), calls);
            }
        }
        return suspected;
    }

    private void recordWhatIsDue(Diagnosis diagnosis, Asking asking, @Nullable String incidentId, WaitingCalls calls) {
        HealingConfig rules = config.get();
        Optional<Duration> due = Decider.due(diagnosis, rules.limits(), rules.spare(), mode.get());
        LeaseSnapshot lease = diagnosis.lease();
        if (due.isPresent()) {
            calls.record(diagnosis, LockHolder.Fate.DUE, due.get(), incidentId);
        } else if (asking != Asking.NOT && mode.get() == HealingMode.HEAL && lease != null && !lease.retained()) {
            calls.record(diagnosis, LockHolder.Fate.ASKED, TYPICAL_ANSWER, incidentId);
        } else {
            calls.record(diagnosis, LockHolder.Fate.LEFT_ALONE, Duration.ZERO, incidentId);
        }
    }

    /**
     * Reports a statement that certainly failed to get a lock whose holder was not seen. Reports nothing when the holder is
     * known by now, or when another execution of the same statement waits for a known holder. Limits the reports per
     * statement.
     *
     * @param waited the observed part of the wait
     */
    void holderNotSeen(FailedWait failed, Duration waited) {
        Lease lease = failed.lease();
        String statement = failed.shape();
        if (lease.wasHeldUp(failed.failure().sequence()) || registry.isHeldUp(statement)) {
            return;
        }
        int failures = registry.waits().unseenHoldersToTell(statement, ticker.nanos());
        if (failures > 0) {
            Diagnosis diagnosis = Diagnostician.holderNotSeen(failed, waited);
            Decision decision = decide(diagnosis);
            journal.publish(
                    journal.nextId(),
                    diagnosis,
                    decision,
                    Outcome.untouched(OutcomeKind.REPORTED),
                    failed.view(waited),
                    null);
        }
    }

    /** Judges a lease that was closed long ago while its transaction is still open. */
    Decision openAfterClose(LeaseSnapshot lease, Collection<LeaseSnapshot> leases) {
        Reach there = servers.of(lease);
        ServerSide server = there.questions.story(lease).within(Questions.ANSWER);
        return conclude(
                there, Diagnostician.openAfterClose(lease, server, registry.backends()), new WaitingCalls(leases));
    }

    /** Judges backends that a lease of ours may have left behind. Returns those that still exist. */
    Set<BackendId> outlived(OutlivedBackends symptom, Collection<LeaseSnapshot> leases) {
        WaitingCalls calls = new WaitingCalls(leases);
        Set<BackendId> remaining = new HashSet<>();
        for (Reach there : servers.all()) {
            var left = there.questions.stillThere(symptom);
            for (BackendStory story : left.leftBehind()) {
                if (!Thread.currentThread().isInterrupted()) {
                    conclude(there, Diagnostician.orphaned(story, registry.backends()), calls);
                }
            }
            remaining.addAll(left.all());
        }
        return remaining;
    }

    private Decision conclude(Reach there, Diagnosis diagnosis, WaitingCalls calls) {
        return conclude(there, diagnosis, UnaryOperator.identity(), calls);
    }

    /** @param atTheEnd completes the diagnosis by what is known when the heal has ended, for the report */
    private Decision conclude(Reach there, Diagnosis given, UnaryOperator<Diagnosis> atTheEnd, WaitingCalls calls) {
        Diagnosis diagnosis = told.completed(given);
        Decision decided = ask(diagnosis, decide(diagnosis));
        if (decided.action() == Action.HEAL && isReleased(diagnosis)) {
            return decided;
        }
        Duration pause = told.pause(diagnosis, ticker.nanos());
        if (decided.action() == Action.HEAL && !pause.isZero()) {
            calls.record(diagnosis, LockHolder.Fate.LEFT_ALONE, Duration.ZERO, told.incidentOf(diagnosis));
            return decided.later("it was tried in vain just now", pause);
        }
        Decision decision = safeguards.permit(decided);
        switch (decision.action()) {
            case HEAL -> heal(there, diagnosis, decision, atTheEnd, calls);
            case WOULD_HEAL -> {
                String id = told.once(
                        diagnosis, decision, journal::nextId, incident -> wouldHeal(incident, diagnosis, decision));
                calls.record(diagnosis, LockHolder.Fate.LEFT_ALONE, Duration.ZERO, id);
            }
            case REPORT -> {
                String id = told.once(
                        diagnosis,
                        decision,
                        journal::nextId,
                        incident -> publish(incident, diagnosis, decision, OutcomeKind.REPORTED));
                recordWhatIsDue(diagnosis, decision.asking(), id, calls);
            }
            case WAIT, NOTHING -> recordWhatIsDue(diagnosis, decision.asking(), null, calls);
        }
        return decision;
    }

    /** Asks the garbage collector, where the decision says so, whether anything still refers to the culprit's connection. */
    private Decision ask(Diagnosis diagnosis, Decision decided) {
        Witness.Reply reply = decided.asking() == Asking.NOT || isFoundMeanwhile(diagnosis)
                ? null
                : ask(decided.asking() == Asking.NOW);
        if (reply == null) {
            return decided;
        }
        if (reply.refusal().isEmpty()) {
            return decided.answeredIn(reply.lookAgain());
        }
        boolean isHealedSoon =
                decided.action() == Action.WAIT && config.get().limits().retained() == Retained.HEAL;
        return isHealedSoon ? decided : decided.unanswered(reply.refusal());
    }

    /**
     * Whether a collection that pgheal did not ask for has proved the leak already. Asking would then prove nothing, and
     * the next leak would have to wait for the pause after it.
     */
    private static boolean isFoundMeanwhile(Diagnosis diagnosis) {
        LeaseSnapshot lease = diagnosis.lease();
        return lease != null && lease.lease().isUnreachable();
    }

    /**
     * Asks the garbage collector to find what nothing refers to any more. For any thread; does no I/O.
     *
     * @return null where pgheal is off
     */
    Witness.@Nullable Reply ask(boolean urgent) {
        return mode.get() == HealingMode.OFF ? null : witness.ask(config.get().proof(), urgent);
    }

    /**
     * Whether the connection of the lease is lost; then gives its slot back to the pool. There is nothing to heal and no
     * budget to use up. {@link #outlived} looks for the backend that may be left behind.
     */
    private boolean isReleased(Diagnosis diagnosis) {
        LeaseSnapshot lease = diagnosis.lease();
        if (lease == null
                || (diagnosis.kind() != DiagnosisKind.ABANDONED_TRANSACTION
                        && diagnosis.kind() != DiagnosisKind.ABANDONED_CONNECTION)
                || lease.lease().isConnected()) {
            return false;
        }
        Revocation lost =
                new Revocation(journal.nextId(), "its connection was lost before", false, TransactionEnd.UNKNOWN);
        if (lease.lease().revoke(lease, lease.callIsStale(), lost)) {
            lease.lease().giveBack();
        }
        return true;
    }

    private Decision decide(Diagnosis diagnosis) {
        HealingConfig rules = config.get(); // read once: the rules may change meanwhile
        return Decider.decide(diagnosis, rules.limits(), rules.spare(), mode.get());
    }

    private void heal(
            Reach there,
            Diagnosis diagnosis,
            Decision decision,
            UnaryOperator<Diagnosis> atTheEnd,
            WaitingCalls calls) {
        Outcome outcome = Outcome.untouched(OutcomeKind.WITHDRAWN); // as long as nothing was done
        String id;
        LeaseView lease;
        try {
            boolean triedInVain = told.wasInVain(diagnosis, OutcomeKind.UNRESOLVED);
            boolean wasBlind = told.wasInVain(diagnosis, OutcomeKind.REPORTED);
            int times = told.timesInVain(diagnosis) + 1;
            id = told.idOf(diagnosis).orElseGet(journal::nextId);
            calls.record(diagnosis, LockHolder.Fate.BEING_HEALED, Duration.ZERO, id);
            lease = view(diagnosis);
            outcome = Outcome.untouched(OutcomeKind.UNRESOLVED);
            outcome = there.healer.carryOut(diagnosis, decision, id);
            boolean unresolved = outcome.kind() == OutcomeKind.UNRESOLVED || outcome.kind() == OutcomeKind.REPORTED;
            if (unresolved || outcome.kind() == OutcomeKind.WITHDRAWN) {
                told.inVain(diagnosis, id, outcome.kind(), times, ticker.nanos());
            } else {
                told.ended(diagnosis);
            }
            if (unresolved) {
                // reported and counted once: a culprit that no remedy helps must not keep the others from being healed
                boolean again = outcome.kind() == OutcomeKind.UNRESOLVED ? triedInVain : wasBlind;
                outcome = again ? Outcome.untouched(OutcomeKind.WITHDRAWN) : outcome;
            }
        } finally {
            safeguards.ended(outcome); // first, because it was permitted: the breaker may allow only this one trial
        }
        calls.record(diagnosis, fate(outcome.kind()), Duration.ZERO, id);
        if (outcome.kind() != OutcomeKind.WITHDRAWN) {
            journal.publish(id, atTheEnd.apply(diagnosis), decision, outcome, lease, proof(diagnosis));
        }
    }

    private static LockHolder.Fate fate(OutcomeKind outcome) {
        return switch (outcome) {
            case HEALED -> LockHolder.Fate.HEALED;
            case RELEASED_UNVERIFIED -> LockHolder.Fate.BEING_HEALED;
            case WITHDRAWN, UNRESOLVED, WOULD_HEAL, REPORTED, REFUTED -> LockHolder.Fate.LEFT_ALONE;
        };
    }

    private void wouldHeal(String id, Diagnosis diagnosis, Decision decision) {
        LeaseSnapshot lease = diagnosis.lease();
        boolean spared = Decider.spared(diagnosis, config.get().spare())
                .isPresent(); // a spared owner that goes on refutes nothing
        if (lease != null && decision.evidenceBased() && !spared) {
            lease.lease().suspect(new Revocation(id, decision.reason(), true, TransactionEnd.UNKNOWN), lease);
        }
        publish(id, diagnosis, decision, OutcomeKind.WOULD_HEAL);
    }

    private void publish(String id, Diagnosis diagnosis, Decision decision, OutcomeKind kind) {
        journal.publish(id, diagnosis, decision, Outcome.untouched(kind), view(diagnosis), proof(diagnosis));
    }

    private static @Nullable LeaseView view(Diagnosis diagnosis) {
        return diagnosis.lease() == null ? null : diagnosis.lease().view();
    }

    /**
     * The collector's testimony for the incident; null where the collector was never asked, the culprit is not ours, or
     * other evidence was proof enough.
     */
    private @Nullable Testimony proof(Diagnosis diagnosis) {
        Testimony now = witness.testimony();
        boolean proven = diagnosis.evidence().stream()
                .anyMatch(
                        each -> each.strength() == Strength.CERTAIN && each.kind() != EvidenceKind.HANDLE_UNREACHABLE);
        return diagnosis.lease() == null
                        || proven
                        || (now.asked() == 0 && now.silent().isEmpty())
                ? null
                : now;
    }
}
