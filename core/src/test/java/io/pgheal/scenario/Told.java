package io.pgheal.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Rung;
import io.pgheal.report.Incident;

/** What an incident has to say. */
final class Told {
    private final Scene scene;
    private final Incident incident;

    Told(Scene scene, Incident incident) {
        this.scene = scene;
        this.incident = incident;
    }

    Incident incident() {
        return incident;
    }

    Told as(DiagnosisKind kind) {
        assertThat(incident.diagnosis()).isEqualTo(kind);
        assertThat(incident.lease() == null)
                .describedAs("only a lease of ours is shown as one")
                .isEqualTo(kind == DiagnosisKind.FOREIGN_BLOCKER || kind == DiagnosisKind.ORPHANED_BACKEND);
        return this;
    }

    /** Neither more nor less, those that are waited for first. */
    Told tables(String... tables) {
        assertThat(incident.tables()).containsExactlyInAnyOrder(tables);
        return this;
    }

    Told tableUnknown(boolean unknown) {
        assertThat(incident.tableUnknown()).isEqualTo(unknown);
        return this;
    }

    Told holds(String table, String mode) {
        assertThat(incident.locks())
                .anyMatch(lock -> lock.mode().equals(mode)
                        && (table == null ? lock.table() == null : table.equals(lock.table())));
        return this;
    }

    Told waiters(int count) {
        assertThat(incident.waiters()).hasSize(count);
        assertThat(incident.waiters()).extracting(Incident.WaiterView::pid).doesNotHaveDuplicates();
        return this;
    }

    /** @param table null where it cannot be known */
    Told waiter(Stuck stuck, boolean ours, String table, String lockType, String mode) {
        assertThat(incident.waiters())
                .filteredOn(waiter -> waiter.pid() == stuck.pid())
                .singleElement()
                .satisfies(waiter -> {
                    assertThat(waiter.ours()).describedAs("ours").isEqualTo(ours);
                    assertThat(waiter.table()).isEqualTo(table);
                    assertThat(waiter.lockType()).isEqualTo(lockType);
                    assertThat(waiter.mode()).isEqualTo(mode);
                    assertThat(waiter.waited()).isPositive();
                    assertThat(waiter.statement()).isNotEmpty();
                });
        assertThat(incident.blocked()).isPositive();
        return this;
    }

    /** The first that waits for a row waits for a transaction, and holds the row's place in the queue meanwhile. */
    Told rowWaiter(Stuck stuck, boolean ours, String table) {
        return waiter(stuck, ours, table, "transactionid", "ShareLock");
    }

    Told evidence(EvidenceKind kind, Strength strength) {
        assertThat(incident.evidence()).anySatisfy(evidence -> {
            assertThat(evidence.kind()).isEqualTo(kind);
            assertThat(evidence.strength()).isEqualTo(strength);
        });
        return this;
    }

    Told onlyEvidence(EvidenceKind kind, Strength strength) {
        assertThat(incident.evidence()).hasSize(1);
        return evidence(kind, strength);
    }

    Told noEvidence() {
        assertThat(incident.evidence()).isEmpty();
        return this;
    }

    Told because(String... parts) {
        assertThat(incident.reason()).contains(parts);
        return this;
    }

    Told state(String state) {
        assertThat(incident.culprit().state()).isEqualTo(state);
        return this;
    }

    Told healedBy(Rung... rungs) {
        assertThat(incident.action()).isEqualTo("HEAL");
        assertThat(incident.remedies()).extracting(rung -> rung.rung()).containsExactly(rungs);
        assertThat(incident.remedies().get(rungs.length - 1).helped()).isTrue();
        assertThat(incident.timeToHeal()).isNotNull();
        return this;
    }

    /** Told once, and nothing was done to it. */
    Told leftAlone() throws Exception {
        assertThat(incident.action()).isEqualTo("REPORT");
        assertThat(incident.remedies()).isEmpty();
        int pid = incident.culprit() == null ? 0 : incident.culprit().pid();
        assertThat(scene.guarded().incidents())
                .filteredOn(each ->
                        pid == (each.culprit() == null ? 0 : each.culprit().pid()))
                .describedAs("told once")
                .hasSize(1);
        if (pid != 0) {
            assertThat(scene.admin("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid))
                    .describedAs("its session is there")
                    .isEqualTo("1");
        }
        return this;
    }
}
