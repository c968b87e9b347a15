package io.pgheal.report;

import io.pgheal.Internal;
import java.util.List;

/** Every meter, once: the registry and the reference are made from here. All carry the tag {@code data.source}. */
@Internal
public enum MeterId {
    INCIDENTS("pgheal.incidents", Kind.COUNTER, "Incidents, by diagnosis and outcome", "diagnosis", "outcome"),
    EVIDENCE("pgheal.evidence", Kind.COUNTER, "Incidents, by the evidence they rest on", "evidence", "outcome"),
    LEAKS(
            "pgheal.leaks",
            Kind.COUNTER,
            "Abandoned leases, by the place that borrowed them, where it is only probable as \"(probably) ...\"; \"others\""
                    + " beyond a hundred places",
            "site"),
    REMEDIES(
            "pgheal.remedies",
            Kind.COUNTER,
            "Remedies that were tried, by rung and whether they helped",
            "rung",
            "helped"),
    REFUTED("pgheal.heals.refuted", Kind.COUNTER, "Judgements that proved wrong, by evidence", "evidence"),
    TIME_TO_HEAL(
            "pgheal.time.to.heal",
            Kind.TIMER,
            "From the evidence, or the longest wait, until the transaction was seen gone",
            "diagnosis"),
    LOCK_WAIT(
            "pgheal.lock.wait",
            Kind.TIMER,
            "How long waiters had waited when their story was asked, by table; \"others\" beyond a hundred tables",
            "table"),
    LEASES("pgheal.leases", Kind.GAUGE, "Connections that are lent"),
    OPEN_TRANSACTIONS("pgheal.transactions.open", Kind.GAUGE, "Leases with an open transaction"),
    WAITERS_BLOCKED(
            "pgheal.waiters.blocked",
            Kind.GAUGE,
            "Statements of ours whose wait for a lock was seen, and which are not over"),
    OLDEST_TRANSACTION(
            "pgheal.transactions.oldest", Kind.GAUGE, "Seconds since the last call of the quietest open transaction"),
    RETAINED(
            "pgheal.leases.retained", Kind.GAUGE, "Leases whose owner looks gone, but to which something still refers"),
    PROOF_ASKED(
            "pgheal.proof.asked",
            Kind.COUNTER,
            "Times that the garbage collector was asked what nothing refers to any more"),
    PROOF_ANSWERED("pgheal.proof.answered", Kind.COUNTER, "Times that it answered"),
    PROOF_TOOK("pgheal.proof.took", Kind.GAUGE, "Seconds that its last answer took"),
    PROOF_LONGEST_STOP(
            "pgheal.proof.longest.stop", Kind.GAUGE, "Seconds of the longest stop that was seen while it was asked"),
    PROOF_SILENT("pgheal.proof.silent", Kind.GAUGE, "1 while it is not asked, for it cannot or may not be"),
    PROOF_OUTSTANDING(
            "pgheal.proof.outstanding",
            Kind.GAUGE,
            "Seconds of silence of the quietest open transaction whose owner looks gone, and of which nothing is proven"),
    QUARANTINED(
            "pgheal.connections.quarantined",
            Kind.COUNTER,
            "Connections that an error cut, kept from the next borrower"),
    QUERIES("pgheal.healer.queries", Kind.COUNTER, "Questions that the healer put to the server"),
    LOST_EVENTS("pgheal.healer.events.lost", Kind.COUNTER, "Notices that found the healer overrun"),
    ACTS_GIVEN_UP("pgheal.healer.acts.given.up", Kind.COUNTER, "Acts of healing that hung, and were given up"),
    ACTS_REFUSED("pgheal.healer.acts.refused", Kind.COUNTER, "Acts of healing that found too many others waiting"),
    FAILED_LOOKS("pgheal.healer.looks.failed", Kind.COUNTER, "Looks of the healing loop that an error ended"),
    PAUSES(
            "pgheal.healer.pauses",
            Kind.COUNTER,
            "Times that the process stood still, so that every clock started anew"),
    LOST_NOTICES(
            "pgheal.healer.notices.lost",
            Kind.COUNTER,
            "Incidents that a listener was not told of, because it did not keep up"),
    CONNECTS("pgheal.healer.connects", Kind.COUNTER, "Control connections that were opened"),
    LOSSES("pgheal.healer.connects.lost", Kind.COUNTER, "Control connections that were lost, or could not be had"),
    CONTROL_CONNECTED("pgheal.healer.connected", Kind.GAUGE, "1 while the control connection is open"),
    BREAKER_OPEN("pgheal.healer.breaker.open", Kind.GAUGE, "1 while heals are held back because they do not help"),
    BUDGET(
            "pgheal.healer.budget.left",
            Kind.GAUGE,
            "Heals that the budget still allows in the present minute",
            "budget"),
    MODE("pgheal.healer.mode", Kind.GAUGE, "0 off, 1 observe, 2 heal"),
    CYCLE("pgheal.healer.cycle", Kind.TIMER, "Time that one look at all leases takes");

    /** What sort of meter it is. */
    public enum Kind {
        COUNTER,
        TIMER,
        GAUGE
    }

    private final String meterName;
    private final Kind kind;
    private final String description;
    private final String tags;

    MeterId(String meterName, Kind kind, String description, String... tags) {
        this.meterName = meterName;
        this.kind = kind;
        this.description = description;
        this.tags = String.join(",", tags);
    }

    public String meterName() {
        return meterName;
    }

    public Kind kind() {
        return kind;
    }

    public String description() {
        return description;
    }

    /** The tags beside {@code data.source}. */
    public List<String> tags() {
        return tags.isEmpty() ? List.of() : List.of(tags.split(",", -1));
    }
}
