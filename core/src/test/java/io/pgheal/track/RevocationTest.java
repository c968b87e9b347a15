package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.postgres.TransactionEnd;
import java.sql.Connection;
import org.junit.jupiter.api.Test;

/** What late code is told. */
class RevocationTest {
    private final Lease lease = Leases.lease(new Raw(), new Raw(), new Leases.TestPool());
    private final Connection connection = new ConnectionHandle(lease);

    private void revoke(TransactionEnd end) {
        LeaseSnapshot judged = new LeaseWatch(lease, 0).observe(0, new BorrowSites(), new StackLooks());
        assertThat(lease.revoke(judged, true, new Revocation("17", "for a test", false, end)))
                .isTrue();
    }

    @Test
    void thatItsTransactionWasRolledBackWhereThatIsSure() {
        revoke(TransactionEnd.ROLLED_BACK);
        assertThatThrownBy(connection::commit).isInstanceOfSatisfying(LeaseRevokedException.class, e -> {
            assertThat(e.getSQLState()).isEqualTo("40000");
            assertThat((Throwable) e).hasMessageContaining("incident 17").hasMessageContaining("was rolled back");
        });
    }

    @Test
    void thatNobodyKnowsWhereACommitMayHaveBeenUnderWay() throws Exception {
        lease.enter(Call.COMMIT);
        revoke(TransactionEnd.UNKNOWN);
        Thread other = new Thread(() -> {
            assertThatThrownBy(connection::commit).isInstanceOfSatisfying(LeaseRevokedException.class, e -> {
                assertThat(e.getSQLState()).isEqualTo("08007");
                assertThat((Throwable) e).hasMessageContaining("may or may not have been committed");
            });
        });
        Throwable[] thrown = new Throwable[1];
        other.setUncaughtExceptionHandler((thread, e) -> thrown[0] = e);
        other.start();
        other.join();
        assertThat(thrown[0]).isNull();
    }

    @Test
    void ofTheIncidentThatEndedItThoughAnotherHealCameTooLate() {
        LeaseSnapshot judged = new LeaseWatch(lease, 0).observe(0, new BorrowSites(), new StackLooks());
        revoke(TransactionEnd.ROLLED_BACK);
        Revocation late = new Revocation("18", "for a test", false, TransactionEnd.UNKNOWN);
        assertThat(lease.revoke(judged, true, late)).isFalse();
        assertThatThrownBy(connection::commit)
                .isInstanceOfSatisfying(
                        LeaseRevokedException.class,
                        e -> assertThat((Throwable) e).hasMessageContaining("incident 17"));
    }
}
