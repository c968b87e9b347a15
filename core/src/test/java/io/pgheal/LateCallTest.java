package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.decide.HealingMode;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.heal.Rung;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.track.LeaseRevokedException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an owner meets that was alive all along. */
class LateCallTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private Connection kept;

    @Test
    void noHalfOfItsTransactionIsCommittedAndCleaningUpRefutesNothing() throws Exception {
        try (GuardedPool pool = GuardedPool.on(SERVER, it -> it)) {
            Connection late;
            Statement statement;
            PreparedStatement prepared;
            ResultSet rows;
            try (var scope = pool.guarded.scope("import")) {
                late = pool.beginLogin("alice");
                statement = late.createStatement();
                prepared = late.prepareStatement("UPDATE user_login_info SET logins = 7 WHERE username = 'bob'");
                rows = late.createStatement().executeQuery("SELECT logins FROM user_login_info ORDER BY username");
                assertThat(rows.next()).isTrue();
            }
            pool.awaitIncident(OutcomeKind.HEALED);

            refused(() -> late.setAutoCommit(true));
            refused(late::rollback);
            statement.close();
            late.close();
            late.close();
            try (var scope = pool.guarded.scope("next import")) {
                kept = pool.beginLogin("carol");
            }
            await().until(() -> pool.incidents(OutcomeKind.HEALED).size() == 2); // it has heard of all that by now
            assertThat(pool.guarded.mode()).as("cleaning up proves nothing").isEqualTo(HealingMode.HEAL);
            refused(late::commit);
            refused(() -> statement.execute("UPDATE user_login_info SET logins = 7 WHERE username = 'bob'"));
            refused(prepared::executeUpdate);
            refused(late::createStatement);
            refused(() -> rows.getInt(1));
            refused(rows::next);
            rows.close();
            prepared.close();

            assertThat(pool.logins("alice")).isZero();
            assertThat(pool.logins("bob")).isZero();
            pool.assertAllSlotsBack();
        }
    }

    private static void refused(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(LeaseRevokedException.class);
    }

    /** The user's own limit ends the statement; what its owner does then takes as long as it takes. */
    @Test
    void anOwnerWhoseStatementWasCancelledKeepsItsSessionHoweverSlowlyItCleansUp() throws Exception {
        try (GuardedPool pool = GuardedPool.on(SERVER, config -> config.activeBlockerTimeout(Duration.ofMillis(500)))) {
            Connection busy = pool.beginLogin("bob");
            int pid = Sql.pid(busy);
            Savepoint savepoint = busy.setSavepoint(); // its end frees alice's row, and leaves the transaction open
            GuardedPool.update(busy, "alice");
            CountDownLatch cleanUp = new CountDownLatch(1);
            CompletableFuture<Integer> session = beside.start("owner", () -> {
                try (Statement statement = busy.createStatement()) {
                    statement.execute("SELECT pg_sleep(60)");
                    throw new IllegalStateException("not cancelled");
                } catch (SQLException cancelled) {
                    cleanUp.await();
                    busy.rollback(savepoint);
                    busy.commit();
                    return Sql.pid(busy);
                }
            });
            pool.login("alice").get();
            Incident incident = pool.awaitIncident(OutcomeKind.HEALED); // its remedies are over, and it has not moved
            cleanUp.countDown();
            assertThat(session.get()).isEqualTo(pid);
            assertThat(incident.remedies()).extracting(rung -> rung.rung()).containsExactly(Rung.CANCEL);
            assertThat(pool.logins("bob")).isOne();
            assertThatCode(busy::close).doesNotThrowAnyException();
            pool.assertAllSlotsBack();
        }
    }
}
