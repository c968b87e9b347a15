package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.postgres.TransactionEnd;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.core.BaseConnection;

/**
 * The moves of the healing side, cut at each point where they need more stack: somebody can always say who is to give
 * the connection back, and when it is done again, with all the stack it needs, the slot is back.
 */
class HealingMovesOverflowTest {
    private static final Revocation REASON = new Revocation("INC-1", "in a test", true, TransactionEnd.ROLLED_BACK);

    private final Raw raw = new Raw();
    private final Leases.TestPool pool = new Leases.TestPool();
    private final LeaseRegistry registry = Leases.registry(pool);
    private ConnectionHandle handle;
    private Lease lease;
    private LeaseSnapshot judged;
    private boolean won;
    private int whole;

    private enum Move {
        /** Fence, abort, give back. */
        REVOKE,
        /** What an error cut is given back by the loop. */
        FINISH,
        /** It is given back by the application's own clean-up. */
        ROLLBACK,
        /** Only the registry is told. */
        CLOSED
    }

    @ParameterizedTest
    @EnumSource(Move.class)
    void aMoveThatIsCutIsDoneAgain(Move move) throws Exception {
        lend(move);
        make(move); // once where there is stack: a class of this test's own that an overflow cut would stay broken
        for (int step = 1; step <= 4; step++) {
            whole = 0;
            lend(move);
            int cut = Climb.run(step, 3, () -> make(move), thrown -> {
                check(move, thrown);
                if (thrown != null || ++whole < 3) {
                    lend(move);
                }
            });
            assertThat(cut).isGreaterThan(2);
        }
    }

    private void lend(Move move) throws SQLException {
        pool.discarded = 0;
        won = false;
        handle = registry.lend(raw.as(Connection.class), raw.as(BaseConnection.class));
        lease = handle.lease;
        if (move == Move.FINISH || move == Move.ROLLBACK) {
            lease.enter(Call.PREPARE);
            lease.failed(new StackOverflowError("in a test"));
        }
        judged = registry.look(System.nanoTime()).stream()
                .filter(each -> each.lease() == lease)
                .findFirst()
                .orElseThrow();
    }

    private void make(Move move) throws SQLException {
        switch (move) {
            case REVOKE -> {
                won = lease.revoke(judged, false, REASON);
                lease.giveBack();
            }
            case FINISH -> lease.finish(judged);
            case ROLLBACK -> handle.rollback();
            default -> {
                lease.state.close();
                registry.closed(lease);
            }
        }
    }

    private void check(Move move, Throwable thrown) {
        long word = lease.state.read();
        assertThat(StateWord.callsInProgress(word)).isZero();
        if (thrown == null) {
            assertThat(registry.isOpen(lease)).isFalse();
            assertThat(pool.discarded).isEqualTo(move == Move.CLOSED ? 0 : 1);
            return;
        }
        assertThat(thrown).isInstanceOf(StackOverflowError.class);
        if (won) {
            assertThat(StateWord.isTaken(word)).isTrue();
        }
        boolean again = StateWord.isTaken(word) || (move == Move.REVOKE && lease.revoke(judged, false, REASON));
        if (move == Move.CLOSED) {
            registry.closed(lease);
        } else if (again) {
            lease.giveBack();
        } else {
            lease.finish(judged);
        }
        assertThat(StateWord.isTaken(lease.state.read()) || move == Move.CLOSED).isTrue();
        assertThat(registry.isOpen(lease)).isFalse();
        assertThat(registry.openCount()).isZero();
        assertThat(lease.state.tryTake(true)).as("taken twice").isFalse();
        assertThat(pool.discarded).isBetween(move == Move.CLOSED ? 0 : 1, 2);
    }
}
