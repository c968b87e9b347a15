package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.postgres.TransactionEnd;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.core.BaseConnection;

/**
 * The moves of the healing side, cut at each point where they need more stack: somebody can always say who is to give
 * the connection back, and when it is done again, with all the stack it needs, the slot is back.
 */
@Tag("thorough")
class HealingMovesOverflowTest {
    private static final Revocation REASON = new Revocation("INC-1", "in a test", true, TransactionEnd.ROLLED_BACK);

    private final Raw raw = new Raw();
    private final Leases.TestPool pool = new Leases.TestPool();
    private LeaseRegistry registry;
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
        /** The application closes its handle, without the preflight. */
        CLOSE,
        /** Only the registry is told. */
        CLOSED
    }

    @ParameterizedTest
    @EnumSource(Move.class)
    void aMoveThatIsCutIsDoneAgain(Move move) throws Exception {
        registry = new LeaseRegistry("test", pool, move != Move.CLOSE, 0, Ticker.system(), () -> false);
        lend(move);
        make(move); // once where there is stack: a class of this test's own that an overflow cut would stay broken
        for (int step = 1; step <= 4; step++) {
            Climb.until(6, step, apart -> climb(move, apart));
        }
    }

    private int climb(Move move, int step) throws Exception {
        whole = 0;
        lend(move);
        return Climb.run(step, 3, () -> make(move), thrown -> {
            check(move, thrown);
            if (thrown != null || ++whole < 3) {
                lend(move);
            }
        });
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
        judged = registry.look(System.nanoTime(), null).stream()
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
            case CLOSE -> handle.close();
            default -> {
                lease.tryClose();
                registry.closed(lease);
            }
        }
    }

    private void check(Move move, Throwable thrown) throws SQLException {
        long word = lease.word();
        assertThat(lease.callsInProgress()).isZero();
        if (thrown == null) {
            assertThat(registry.isOpen(lease)).isFalse();
            assertThat(pool.discarded).isEqualTo(isClean(move) ? 0 : 1);
            return;
        }
        assertThat(thrown).isInstanceOf(StackOverflowError.class);
        if (won) {
            assertThat(StateWord.isTaken(word)).isTrue();
        }
        if (move == Move.CLOSED) {
            registry.closed(lease);
        } else if (move == Move.REVOKE && !StateWord.isTaken(word)) {
            assertThat(lease.revoke(judged, false, REASON)).isTrue();
            lease.giveBack();
        } else if (move == Move.CLOSE && !StateWord.isTaken(word)) {
            handle.close(); // further down the stack, as clean-up code does
        } else {
            finishAsTheLoopDoes();
        }
        assertThat(StateWord.isTaken(lease.word()) || move == Move.CLOSED).isTrue();
        assertThat(registry.isOpen(lease)).isFalse();
        assertThat(registry.openCount()).isZero();
        assertThat(lease.tryTake(true)).as("taken twice").isFalse();
        assertThat(pool.discarded).isBetween(isClean(move) ? 0 : 1, 2);
    }

    private static boolean isClean(Move move) {
        return move == Move.CLOSED || move == Move.CLOSE;
    }

    /** At its next look; or, where there was no stack to say that it was cut, once every act is over or given up. */
    private void finishAsTheLoopDoes() {
        long now = System.nanoTime();
        for (long at : new long[] {now, now + Duration.ofMinutes(2).toNanos()}) {
            registry.look(at, null).stream()
                    .filter(each -> each.unfinished() != LeaseSnapshot.Unfinished.NOTHING)
                    .forEach(each -> each.lease().finish(each));
        }
    }
}
