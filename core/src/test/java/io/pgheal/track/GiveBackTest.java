package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import io.pgheal.diagnose.Diagnoses;
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
import io.pgheal.postgres.TransactionEnd;
import java.lang.reflect.Method;
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

    private static final Revocation REASON = new Revocation("INC-1", "in a test", true, TransactionEnd.ROLLED_BACK);

    private final Leases.TestPool pool = new Leases.TestPool();
    private final LeaseRegistry registry = Leases.registry(pool);
    private final Raw lent = new Raw();
    private final Raw driver = new Raw();
    private final Connection lentAgain = lent.as(Connection.class);
    private final BaseConnection driverAgain = driver.as(BaseConnection.class);
    private final Lease lease = new Lease(
            1,
            registry,
            lent.as(Connection.class),
            driver.as(BaseConnection.class),
            Borrower.currentThread(
                    new PhysicalConnection(
                            7,
                            new PhysicalIdentity(
                                    7,
                                    7,
                                    BACKEND,
                                    new ServerIdentity("1", "2026"),
                                    new ServerAddress("localhost", 5432),
                                    false)),
                    0),
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
        LeaseSnapshot judged = new LeaseWatch(lease, 0).observe(0, new MovingWork(), null);
        lease.enter(Call.EXECUTE, "update t set a = 1");
        lease.exit();
        Diagnosis diagnosis =
                Diagnoses.of(DiagnosisKind.ABANDONED_TRANSACTION).lease(judged).made();
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

    @Test
    void whatAnErrorCutIsGivenBackByTheNextLook() throws Exception {
        Lease cut = lend().lease;
        pool.thrown = new OutOfMemoryError("made up");
        assertThat(cut.revoke(judged(cut), false, REASON)).isTrue();
        assertThatThrownBy(cut::giveBack).isInstanceOf(OutOfMemoryError.class);
        assertThat(registry.isOpen(cut)).isTrue();

        pool.thrown = null;
        finishWhatIsUnfinished();

        assertThat(pool.discarded).isOne();
        assertThat(registry.openCount()).isZero();
    }

    /** A class that is missing is so the next time, too. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anErrorOfThePoolEndsTheLeaseAllTheSame(boolean ofTheAbort) throws Exception {
        Lease lost = lend().lease;
        assertThat(lost.revoke(judged(lost), false, REASON)).isTrue();
        Error missing = new NoClassDefFoundError("made up");
        if (ofTheAbort) {
            driver.thrown = missing;
        } else {
            pool.thrown = missing;
        }
        lost.giveBack();
        assertThat(registry.isOpen(lost)).isFalse();
        assertThat(lost.returnWasCut()).isFalse();
        assertThat(pool.discarded).isEqualTo(ofTheAbort ? 1 : 0);
    }

    @Test
    void anErrorThatComesEachTimeIsNotWaitedOutForEver() throws Exception {
        Lease lost = lend().lease;
        pool.thrown = new OutOfMemoryError("made up");
        assertThat(lost.revoke(judged(lost), false, REASON)).isTrue();
        for (int times = 1; times < 3; times++) {
            assertThatThrownBy(lost::giveBack).isSameAs(pool.thrown);
            assertThat(registry.isOpen(lost)).isTrue();
        }
        lost.giveBack();
        assertThat(registry.isOpen(lost)).isFalse();
    }

    @Test
    void whatIsBeingGivenBackIsLeftToWhoDoesIt() throws Exception {
        Lease under = lend().lease;
        assertThat(under.revoke(judged(under), false, REASON)).isTrue();
        List<LeaseSnapshot.Unfinished> meanwhile = new ArrayList<>();
        driver.during = () -> {
            registry.look(0, null); // since when it is under way
            registry.look(Duration.ofHours(1).toNanos(), null).forEach(lease -> meanwhile.add(lease.unfinished()));
        };

        under.giveBack();

        assertThat(meanwhile).isNotEmpty().containsOnly(LeaseSnapshot.Unfinished.NOTHING);
    }

    /** As HikariCP does, where something that may fail comes after a connection can be lent again. */
    @Test
    void aConnectionThatIsLentAgainIsNotAbortedThoughTheCloseWasCut() throws Exception {
        ConnectionHandle first = lend();
        List<ConnectionHandle> next = new ArrayList<>();
        lent.during = () -> next.add(lend());
        lent.thrown = new OutOfMemoryError("made up");
        assertThatThrownBy(first::close).isInstanceOf(OutOfMemoryError.class);
        assertThat(next).hasSize(1);

        finishWhatIsUnfinished();

        assertThat(registry.isOpen(first.lease)).isFalse();
        assertThat(driver.calls).noneMatch(call -> call.getName().equals("abort"));
        assertThat(pool.discarded).isZero();
        assertThat(registry.isOpen(next.get(0).lease)).isTrue();
    }

    /** As Druid does with what nobody closed in time: the first lease is still open, its transaction is the next borrower's. */
    @Test
    void aConnectionThatItsPoolLentAgainByItselfIsNoReasonToRevoke() {
        ConnectionHandle first = lend();
        LeaseSnapshot judged = new LeaseWatch(first.lease, 0).observe(0, new MovingWork(), null);
        ConnectionHandle next = lend();
        assertThat(first.lease.revoke(judged, true, REASON)).isFalse();
        registry.abandonUnborn(next.lease);
        assertThat(first.lease.revoke(judged, true, REASON)).isTrue();
    }

    @Test
    void aRevokedOneIsNotAbortedOnceItsPoolHasLentItAgain() {
        ConnectionHandle first = lend();
        LeaseSnapshot judged = new LeaseWatch(first.lease, 0).observe(0, new MovingWork(), null);
        assertThat(first.lease.revoke(judged, true, REASON)).isTrue();
        lend();
        first.lease.giveBack();
        assertThat(driver.calls).noneMatch(call -> call.getName().equals("abort"));
        assertThat(pool.discarded).isZero();
    }

    /** The next borrower would get the answer of the call that was cut. */
    @Test
    void aCutOneIsAbortedThoughItsPoolHasLentItAgain() throws Exception {
        ConnectionHandle first = lend();
        first.lease.enter(Call.EXECUTE);
        first.lease.failed(new StackOverflowError());
        lend();
        first.close();
        assertThat(driver.calls).anyMatch(call -> call.getName().equals("abort"));
    }

    /** The same, where nobody could even say that it was cut. */
    @Test
    void oneInTheMiddleOfACallIsRevokedThoughItsPoolCallsItClosed() throws Exception {
        Lease first = registry.lend(closedByItsPool().as(Connection.class), driverAgain).lease;
        first.enter(Call.EXECUTE);
        LeaseSnapshot judged = new LeaseWatch(first, 0).observe(0, new MovingWork(), null);
        assertThat(first.revoke(judged, true, REASON)).isTrue();
        lend();
        first.giveBack();
        assertThat(driver.calls).anyMatch(call -> call.getName().equals("abort"));
    }

    private static Raw closedByItsPool() {
        return new Raw() {
            @Override
            public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
                return method.getName().equals("isClosed") ? true : super.invoke(proxy, method, arguments);
            }
        };
    }

    @Test
    void whatWasGivenBackIsNotGivenBackAgain() throws Exception {
        ConnectionHandle closed = lend();
        closed.close();
        closed.lease.giveBack();
        assertThat(driver.calls).noneMatch(call -> call.getName().equals("abort"));
        assertThat(pool.discarded).isZero();
    }

    /** There is nobody left to finish it: the application's own close() is all there is. */
    @Test
    void onceTheHealerHasEndedNoCloseIsRefused() throws Exception {
        registry.healerEnds();
        ConnectionHandle handle = lend();
        int cut = Climb.run(
                1,
                1,
                handle::close,
                thrown -> assertThat(StateWord.isCloseRefused(handle.lease.word()))
                        .isFalse());
        assertThat(cut).isPositive();
    }

    private ConnectionHandle lend() {
        try {
            return registry.lend(lentAgain, driverAgain);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private LeaseSnapshot judged(Lease lease) {
        return registry.look(0, null).stream()
                .filter(seen -> seen.lease() == lease)
                .findFirst()
                .orElseThrow();
    }

    private void finishWhatIsUnfinished() {
        for (LeaseSnapshot seen : registry.look(0, null)) {
            if (seen.unfinished() != LeaseSnapshot.Unfinished.NOTHING) {
                seen.lease().finish(seen);
            }
        }
    }
}
