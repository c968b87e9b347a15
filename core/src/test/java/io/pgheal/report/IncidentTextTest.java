package io.pgheal.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Rung;
import io.pgheal.heal.RungResult;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class IncidentTextTest {
    /** What a user of the database may choose: the names of tables, of prepared transactions, of applications. */
    private static final String FORGED = "x\r\n2026-01-01 ERROR forged\u0085\u001b[2J";

    private static final Incident INCIDENT = Incidents.of(DiagnosisKind.FOREIGN_BLOCKER)
            .tables(List.of(FORGED))
            .culprit(new Incident.Culprit(7, null, "active", FORGED, FORGED, null, null, null, FORGED))
            .locks(List.of(new Incident.LockView(FORGED, "RowExclusiveLock", "relation")))
            .waiters(List.of(new Incident.WaiterView(
                    8, false, FORGED, FORGED, "relation", "ShareLock", Duration.ofSeconds(1), FORGED)))
            .reason("it is the prepared transaction '" + FORGED + "'")
            .remedies(List.of(new RungResult(Rung.TERMINATE, false, "not sent: " + FORGED, Duration.ZERO)))
            .made();

    @Test
    void nobodyWritesLinesOfHisOwnIntoTheLog() {
        assertThat(IncidentText.line(INCIDENT).chars())
                .as(IncidentText.line(INCIDENT))
                .noneMatch(Character::isISOControl);
        assertThat(IncidentText.block(INCIDENT).split("\n"))
                .hasSize(6)
                .allSatisfy(line -> assertThat(line.chars()).as(line).noneMatch(Character::isISOControl));
        assertThat(IncidentText.block(INCIDENT)).contains("holds      RowExclusiveLock on x  2026-01-01 ERROR forged");
    }
}
