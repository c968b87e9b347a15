package io.pgheal.chaos;

import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.RungResult;
import io.pgheal.report.Incident;
import io.pgheal.report.IncidentListener;

/** What pgheal tells of itself: it counts for refutations, and else for the report only. Thread-safe. */
final class Hearing implements IncidentListener {
    private final Tally tally;
    private final Times times;

    Hearing(Tally tally, Times times) {
        this.tally = tally;
        this.times = times;
    }

    @Override
    public void onIncident(Incident incident) {
        if (incident.outcome() == OutcomeKind.REFUTED) {
            tally.violated(Invariant.JUDGEMENT_REFUTED, incident.toString());
            return;
        }
        tally.count("incident." + incident.outcome());
        tally.count("diagnosis." + incident.diagnosis() + " " + incident.outcome());
        if (incident.outcome() == OutcomeKind.HEALED) {
            String rung = incident.remedies().stream()
                    .filter(RungResult::helped)
                    .map(each -> each.rung().name())
                    .reduce((first, last) -> last)
                    .orElse("none");
            tally.count("rung." + rung);
            if (incident.timeToHeal() != null) {
                times.add("as pgheal says", incident.timeToHeal());
            }
        } else if (incident.outcome() != OutcomeKind.REPORTED) {
            tally.note(incident.outcome() + " " + incident.diagnosis() + ": " + incident.reason() + " "
                    + incident.remedies());
        }
    }
}
