package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.postgres.ControlSettings;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Where a control connection may end up by mistake, or after a failover. */
@Tag("thorough")
class OtherServerTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final PostgresServer OTHER = PostgresServer.dedicated();

    @Test
    void aControlConnectionToAnotherServerIsNeitherBelievedNorUsed() throws Exception {
        try (GuardedPool pool = GuardedPool.on(
                SERVER,
                UnaryOperator.identity(),
                builder -> builder.control(ControlSettings.of(OTHER.url(), OTHER.user(), OTHER::password)))) {
            Connection kept;
            try (var scope = pool.guarded.scope("leak")) {
                kept = pool.beginLogin("alice");
            }
            pool.loginFromOutside("alice").get();
            Incident incident = pool.awaitIncident(OutcomeKind.RELEASED_UNVERIFIED);
            assertThat(incident.remedies()).extracting(rung -> rung.rung()).containsExactly(Rung.ABORT);
            assertThat(incident.locks()).as("what the other server says").isEmpty();
            assertThat(incident.tableUnknown()).isTrue();
            assertThat(kept.isClosed()).isTrue();
            pool.assertAllSlotsBack();
        }
    }
}
