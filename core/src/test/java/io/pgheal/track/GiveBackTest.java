package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnosis;
import io.pgheal.diagnose.DiagnosisKind;
import io.pgheal.heal.Healer;
import io.pgheal.heal.Outcome;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.ControlChannel;
import io.pgheal.postgres.PhysicalIdentity;
import io.pgheal.postgres.ServerAddress;
import io.pgheal.postgres.ServerIdentity;
import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;

/** What becomes of a connection, and of its backend, when the healing side gives it back. */
class GiveBackTest {
    private static final BackendId BACKEND = new BackendId(7, "2026-01-01T00:00:00.000000Z");

    private final Leases.TestPool pool = new Leases.TestPool();
    private final LeaseRegistry registry = Leases.registry(pool);
    private final Raw lent = new Raw();
    private final Raw driver = new Raw();
    private final Lease lease = new Lease(
            1,
            registry,
            lent.as(Connection.class),
            driver.as(BaseConnection.class),
            new PhysicalConnection(
                    7,
                    new PhysicalIdentity(
                            7,
                            7,
                            BACKEND,
                            new ServerIdentity("1", "2026"),
                            new ServerAddress("localhost", 5432),
                            false)),
            new WeakReference<>(Thread.currentThread()),
            BorrowStack.NONE,
            null);

    /** Or the loop would take it for a backend that somebody can reach, and forget it. */
    @Test
    void itsBackendIsOutlivedOnlyOnceTheSocketIsClosed() {
        List<LeaseEvent> before = new ArrayList<>();
        driver.during = () -> before.addAll(registry.events());
        lease.giveBack();
        assertThat(before).isEmpty();
        assertThat(registry.events()).containsExactly(new LeaseEvent.Outlived(BACKEND));
    }

    @Test
    void nothingIsDoneToALeaseThatWentOnSinceTheJudgement() throws Exception {
        LeaseSnapshot judged = new LeaseWatch(lease, 0).observe(0, new BorrowSites());
        lease.enter(Call.EXECUTE, "update t set a = 1");
        lease.exit();
        Diagnosis diagnosis = new Diagnosis(
                DiagnosisKind.ABANDONED_TRANSACTION, judged, List.of(), null, null, List.of(), List.of(), false, null);
        Decision heal = new Decision(Action.HEAL, "for a test", true, true, Duration.ZERO);
        ControlChannel nowhere = new ControlChannel("test", () -> {
            throw new SQLException("no server here", "08001");
        });
        Outcome outcome = new Healer(nowhere, Ticker.system(), Duration.ofMillis(10)).carryOut(diagnosis, heal, "1");
        assertThat(outcome.kind()).isEqualTo(OutcomeKind.WITHDRAWN);
        assertThat(driver.calls).noneMatch(call -> call.getName().equals("abort"));
        assertThat(pool.discarded).isZero();
        lease.enter(Call.COMMIT);
        lease.exit();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void itsSlotComesBackWhateverTheAbortDoes(boolean fails) {
        driver.thrown = fails ? new IllegalStateException("abort") : null;
        lease.giveBack();
        assertThat(driver.calls).anyMatch(call -> call.getName().equals("abort"));
        assertThat(pool.discarded).isOne();
        assertThat(lent.calls).as("nothing is said over it").isEmpty();
        assertThat(registry.events()).containsExactly(new LeaseEvent.Outlived(BACKEND));
    }
}
