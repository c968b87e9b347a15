package io.pgheal.report;

import io.pgheal.decide.Action;
import io.pgheal.detect.Evidence;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.RungResult;
import io.pgheal.postgres.TransactionEnd;
import io.pgheal.track.LeaseView;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Incidents for tests of what is told: reported, of nothing and nobody, unless said otherwise. */
final class Incidents {
    private final DiagnosisKind diagnosis;
    private OutcomeKind outcome = OutcomeKind.REPORTED;
    private List<Evidence> evidence = List.of();
    private List<String> tables = List.of();
    private Incident.@Nullable Culprit culprit;
    private List<Incident.LockView> locks = List.of();
    private List<Incident.WaiterView> waiters = List.of();
    private String reason = "for a test";
    private List<RungResult> remedies = List.of();
    private @Nullable LeaseView lease;

    private Incidents(DiagnosisKind diagnosis) {
        this.diagnosis = diagnosis;
    }

    static Incidents of(DiagnosisKind diagnosis) {
        return new Incidents(diagnosis);
    }

    /** In three milliseconds, and its transaction was rolled back. */
    Incidents healed() {
        return outcome(OutcomeKind.HEALED);
    }

    Incidents outcome(OutcomeKind value) {
        outcome = value;
        return this;
    }

    Incidents evidence(List<Evidence> value) {
        evidence = value;
        return this;
    }

    Incidents tables(List<String> value) {
        tables = value;
        return this;
    }

    Incidents culprit(Incident.Culprit value) {
        culprit = value;
        return this;
    }

    Incidents locks(List<Incident.LockView> value) {
        locks = value;
        return this;
    }

    Incidents waiters(List<Incident.WaiterView> value) {
        waiters = value;
        return this;
    }

    Incidents reason(String value) {
        reason = value;
        return this;
    }

    Incidents remedies(List<RungResult> value) {
        remedies = value;
        return this;
    }

    Incidents lease(LeaseView value) {
        lease = value;
        return this;
    }

    Incident made() {
        boolean healed = outcome == OutcomeKind.HEALED;
        return new Incident(
                "1",
                Instant.EPOCH,
                "login",
                new Incident.Cause(diagnosis, evidence, tables, false, null, culprit, locks, waiters, Duration.ZERO),
                new Incident.Act(
                        (healed ? Action.HEAL : Action.REPORT).name(),
                        reason,
                        remedies,
                        outcome,
                        healed ? TransactionEnd.ROLLED_BACK : null,
                        null),
                healed ? Duration.ofMillis(3) : null,
                null,
                lease,
                null);
    }
}
