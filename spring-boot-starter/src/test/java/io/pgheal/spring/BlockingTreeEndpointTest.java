package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.ServerIdentity;
import io.pgheal.report.Incident;
import io.pgheal.track.LeaseView;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A pid alone says nothing: it is used again, and by every server. */
class BlockingTreeEndpointTest {
    private static final BackendId BACKEND = new BackendId(4711, "2026-03-01T08:00:00.000001Z");
    private static final BackendId LATER = new BackendId(4711, "2026-03-01T09:00:00.000001Z");
    private static final ServerIdentity SERVER = new ServerIdentity("1", "2026-03-01T07:00:00Z");
    private static final ServerIdentity OTHER = new ServerIdentity("2", "2026-03-01T07:00:00Z");

    private static LeaseView lease(BackendId backend, ServerIdentity server) {
        return new LeaseView(
                1,
                4711,
                true,
                false,
                Duration.ZERO,
                Duration.ZERO,
                false,
                null,
                List.of(),
                false,
                List.of(),
                backend,
                server,
                null);
    }

    @Test
    void aLeaseIsTheOneOfItsBackendOnItsServer() {
        assertThat(BlockingTreeEndpoint.isOf(lease(BACKEND, SERVER), BACKEND, SERVER))
                .isTrue();
        assertThat(BlockingTreeEndpoint.isOf(lease(BACKEND, SERVER), LATER, SERVER))
                .isFalse();
        assertThat(BlockingTreeEndpoint.isOf(lease(BACKEND, OTHER), BACKEND, SERVER))
                .isFalse();
        assertThat(BlockingTreeEndpoint.isOf(lease(null, null), BACKEND, SERVER))
                .isFalse();
        assertThat(BlockingTreeEndpoint.isOf(lease(null, null), null, null)).isFalse();
    }

    @Test
    void theLastWordIsOnThisBackend() {
        assertThat(lastWord(BACKEND)).containsEntry("incident", "7");
        assertThat(lastWord(LATER)).doesNotContainKey("incident").containsEntry("reason", null);
        assertThat(lastWord(null)).doesNotContainKey("incident");
    }

    private static Map<String, Object> lastWord(BackendId id) {
        Incident incident = new Incident(
                "7",
                Instant.EPOCH,
                "dataSource",
                new Incident.Cause(
                        DiagnosisKind.STUCK_LOCK,
                        List.of(),
                        List.of(),
                        false,
                        null,
                        new Incident.Culprit(4711, BACKEND.backendStart(), null, null, null, null, null, null, null),
                        List.of(),
                        List.of(),
                        Duration.ZERO),
                new Incident.Act("REPORT", "its owner looks alive", List.of(), OutcomeKind.REPORTED, null, null),
                null,
                null,
                null,
                null);
        Map<String, Object> json = new HashMap<>();
        BlockingTreeEndpoint.lastWordOn(id, List.of(incident), json);
        return json;
    }
}
