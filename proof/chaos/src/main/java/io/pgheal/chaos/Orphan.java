package io.pgheal.chaos;

import io.pgheal.chaos.Attempt.Stage;
import io.pgheal.chaos.Leak.Session;
import io.pgheal.chaos.Outcomes.Outcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A backend that nobody can reach any more: its client gave up while it waited for a lock, and it holds others. Whom it
 * waits for is alive, slow, and must be spared.
 */
final class Orphan {
    private static final Duration LONGEST = Duration.ofSeconds(60);

    private final Ground ground;
    private final LeakKind kind;
    private final Dice dice;
    private final Semaphore slots;
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch done = new CountDownLatch(1);
    private final AtomicReference<@Nullable Leak> leak = new AtomicReference<>();
    private volatile @Nullable Connection victim;

    Orphan(Ground ground, LeakKind kind, Dice dice, Semaphore slots) {
        this.ground = ground;
        this.kind = kind;
        this.dice = dice;
        this.slots = slots;
    }

    void perform() {
        Integer wanted = ground.reserve();
        Integer locked = ground.reserve();
        if (wanted == null || locked == null) {
            ended(wanted, locked);
            return;
        }
        Dice holder = dice.split();
        ground.threads.start("holder", () -> {
            try {
                hold(wanted, holder);
            } finally {
                held.countDown(); // also if it failed
            }
        });
        ground.threads.start("orphaning", () -> {
            try {
                held.await(20, TimeUnit.SECONDS);
                if (kind == LeakKind.INTERRUPT_ORPHAN) {
                    Thread thread = ground.threads.startVirtual("orphan", () -> leave(locked, wanted));
                    Threads.pause(dice.millis(300, 800));
                    thread.interrupt();
                    thread.join();
                } else {
                    leave(locked, wanted);
                }
                awaitEnd();
            } finally {
                done.countDown();
                ended(wanted, locked);
            }
        });
    }

    /** Alive, in its own code, until the orphan is gone. */
    private void hold(int wanted, Dice holder) {
        Transfer transfer = Transfer.draw(holder, ground.outcomes.next(), wanted, 1 + holder.below(Bank.COMMON))
                .plain();
        ground.work.attempt("a holder", transfer, holder, 0, connection -> {
            held.countDown();
            Threads.await(() -> done.getCount() == 0, LONGEST);
        });
    }

    private void leave(int locked, int wanted) {
        Transfer transfer =
                Transfer.draw(dice, ground.outcomes.next(), locked, wanted).plain();
        Attempt attempt = new Attempt(kind + " before it leaks");
        Session session = null;
        Connection connection = null;
        boolean waits = false;
        try {
            connection = ground.guarded.getConnection();
            attempt.stage = Stage.WORKING;
            Work.begin(connection, transfer);
            attempt.pid = Bank.ask(connection, dice.token());
            session = LeakWatch.session(connection);
            Bank.add(connection, locked, -transfer.amount());
            if (kind == LeakKind.SOCKET_TIMEOUT_ORPHAN) {
                connection.setNetworkTimeout(Runnable::run, dice.between(200, 600));
            } else if (kind == LeakKind.ABORT_ORPHAN) {
                abortSoon(connection);
            }
            victim = connection;
            waits = true;
            Bank.add(connection, wanted, transfer.amount());
            ground.tally.note(kind + " was not left waiting: whom it waits for was ended");
        } catch (SQLException | WrongAnswer e) {
            if (!waits || !(e instanceof SQLException lost) || !Judge.isLost(lost)) {
                ground.judge.failed(attempt, e);
                session = null;
            }
        } finally {
            if (session != null) {
                leaked(session);
            }
            victim = null;
            Work.close(connection);
            ground.outcomes.report(transfer.id(), Outcome.ROLLED_BACK);
        }
    }

    private void leaked(Session session) {
        Leak begun = new Leak(kind, session, false, Leaks.bound(kind), () -> {});
        leak.set(begun);
        ground.watch.add(begun);
    }

    private void abortSoon(Connection connection) {
        Duration in = dice.millis(200, 600);
        ground.threads.start("aborter", () -> {
            Threads.pause(in);
            if (victim == connection) {
                connection.abort(Runnable::run);
            }
        });
    }

    private void awaitEnd() throws InterruptedException {
        Leak begun = leak.get();
        if (begun != null && !begun.awaitEnd(LONGEST)) {
            ground.tally.note("the holder lets go before " + begun + " is gone");
        }
    }

    private void ended(@Nullable Integer wanted, @Nullable Integer locked) {
        if (wanted != null) {
            ground.giveBack(wanted);
        }
        if (locked != null) {
            ground.giveBack(locked);
        }
        slots.release();
    }
}
