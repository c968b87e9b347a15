package io.pgheal.chaos;

import io.pgheal.chaos.Attempt.Stage;
import io.pgheal.chaos.Leak.Session;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A slot that a thread took with it, without a transaction: nobody misses it until the pool has nothing left to lend.
 * Whoever borrowed all the others is alive, as idle as the one that is lost, and must be left in peace.
 */
final class Exhaustion {
    /** To borrow what is left of the pool, among others who want it, too. */
    private static final Duration BORROWING = Duration.ofSeconds(20);

    private final Ground ground;

    Exhaustion(Ground ground) {
        this.ground = ground;
    }

    void run() throws InterruptedException {
        Dice dice = ground.dice("exhaustion");
        ground.idle(dice.millis(6_000, 12_000));
        while (!ground.isClosing()) {
            perform(dice.split());
            ground.idle(dice.millis(25_000, 50_000));
        }
    }

    private void perform(Dice dice) throws InterruptedException {
        AtomicReference<@Nullable Session> session = new AtomicReference<>();
        ground.threads
                .start("doomed", () -> {
                    Attempt attempt = new Attempt(LeakKind.IDLE_SLOT + " before it leaks");
                    Connection connection = null;
                    try {
                        connection = ground.guarded.getConnection();
                        attempt.stage = Stage.WORKING;
                        session.set(LeakWatch.session(connection));
                    } catch (SQLException | WrongAnswer e) {
                        ground.judge.failed(attempt, e);
                        Work.close(connection);
                    }
                })
                .join();
        Session lost = session.get();
        if (lost != null) {
            Duration bound = BORROWING.plus(Leaks.UNTIL_COLLECTED);
            Leak leak = new Leak(LeakKind.IDLE_SLOT, lost, false, bound, () -> {});
            ground.watch.add(leak);
            hold(leak, dice);
        }
    }

    /** Everything that the pool has left, until the lost slot has come back. */
    private void hold(Leak leak, Dice dice) throws InterruptedException {
        List<Connection> hoard = new ArrayList<>();
        ground.tally.headline("all slots are being borrowed");
        long end = System.nanoTime() + leak.bound.multipliedBy(3).toNanos();
        while (!leak.awaitEnd(Duration.ofMillis(1)) && end - System.nanoTime() > 0) {
            Attempt attempt = new Attempt("a hoarder");
            try {
                hoard.add(ground.guarded.getConnection());
                ground.tally.count("hoarded.slots");
            } catch (SQLException e) {
                ground.judge.failed(attempt, e);
            }
        }
        for (Connection connection : hoard) {
            Attempt attempt = new Attempt("a hoarder's slot");
            attempt.stage = Stage.WORKING;
            try {
                attempt.pid = Bank.ask(connection, dice.token());
            } catch (SQLException | WrongAnswer e) {
                ground.judge.failed(attempt, e);
            } finally {
                Work.close(connection);
            }
        }
        ground.tally.count("hoarded.times");
    }
}
