package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pgheal.postgres.TransactionEnd;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLTransientException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.jdbc.support.SQLErrorCodeSQLExceptionTranslator;
import org.springframework.jdbc.support.SQLExceptionSubclassTranslator;
import org.springframework.jdbc.support.SQLExceptionTranslator;
import org.springframework.jdbc.support.SQLStateSQLExceptionTranslator;

/** What late code is told. */
class RevocationTest {
    private final Lease lease = Leases.lease(new Raw(), new Raw(), new Leases.TestPool());
    private final Connection connection = new ConnectionHandle(lease);

    private void revoke(TransactionEnd end) {
        LeaseSnapshot judged = new LeaseWatch(lease, 0).observe(0, new MovingWork(), null);
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
            assertThatThrownBy(connection::commit).isInstanceOfSatisfying(LeaseRevokedInDoubtException.class, e -> {
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

    /** By its class alone: that is what a retry asks for. */
    @ParameterizedTest
    @EnumSource(TransactionEnd.class)
    void byARollbacksClassOnlyWhereItWasRolledBack(TransactionEnd end) {
        revoke(end);
        SQLException told = late();
        boolean rolledBack = end == TransactionEnd.ROLLED_BACK;
        assertThat(told instanceof SQLTransactionRollbackException).isEqualTo(rolledBack);
        assertThat(told instanceof SQLTransientException || told instanceof SQLRecoverableException)
                .isEqualTo(rolledBack);
        assertThat(told.getSQLState()).isEqualTo(rolledBack ? "40000" : "08007");
        assertThat(LeaseRevoked.in(new IllegalStateException(told))).hasValueSatisfying(revoked -> {
            assertThat(revoked.incidentId()).isEqualTo("17");
            assertThat(revoked.transaction()).isEqualTo(end);
        });
        assertThat(LeaseRevoked.in(new IllegalStateException())).isEmpty();
    }

    /** Spring's own retries, and most of those of applications, repeat whatever is transient. */
    @ParameterizedTest
    @EnumSource(TransactionEnd.class)
    void soThatSpringRepeatsOnlyWhatWasRolledBack(TransactionEnd end) {
        revoke(end);
        SQLException told = late();
        for (SQLExceptionTranslator translator : List.of(
                new SQLExceptionSubclassTranslator(),
                new SQLStateSQLExceptionTranslator(),
                new SQLErrorCodeSQLExceptionTranslator("PostgreSQL"))) {
            DataAccessException translated = translator.translate("test", null, told);
            assertThat(translated instanceof TransientDataAccessException
                            || translated instanceof RecoverableDataAccessException)
                    .as("%s: %s", translator.getClass().getSimpleName(), translated)
                    .isEqualTo(end == TransactionEnd.ROLLED_BACK);
            assertThat(LeaseRevoked.in(translated)).isPresent();
        }
    }

    private SQLException late() {
        return catchThrowableOfType(SQLException.class, connection::commit);
    }

    @Test
    void ofTheIncidentThatEndedItThoughAnotherHealCameTooLate() {
        LeaseSnapshot judged = new LeaseWatch(lease, 0).observe(0, new MovingWork(), null);
        revoke(TransactionEnd.ROLLED_BACK);
        Revocation late = new Revocation("18", "for a test", false, TransactionEnd.UNKNOWN);
        assertThat(lease.revoke(judged, true, late)).isFalse();
        assertThatThrownBy(connection::commit)
                .isInstanceOfSatisfying(
                        LeaseRevokedException.class,
                        e -> assertThat((Throwable) e).hasMessageContaining("incident 17"));
    }
}
