package io.pgheal.chaos;

import io.pgheal.chaos.Attempt.Stage;
import io.pgheal.chaos.Leak.Session;
import io.pgheal.chaos.Outcomes.Outcome;
import io.pgheal.track.LeaseScope;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Connections in a field that nobody will read again, each with somebody who waits for its row. pgheal cannot know that they
 * are no live work: it must say that they are retained, and leave them alone, until the application has ended them itself or
 * refers to them no longer.
 */
final class KeptByMistake {
    /** A waiter has to come, perhaps to a pool that is exhausted; the collector is asked every 10 s, and has to answer. */
    private static final Duration UNTIL_TOLD = Duration.ofSeconds(30);

    private final Ground ground;
    private final RetainedWatch told;
    private final Semaphore slots;

    enum Kind {
        THREAD_DIED,
        /** The request has ended in order. */
        REQUEST_ENDED,
        /** Its owner looks alive: it waits for its next task. */
        WORKER_RESTS
    }

    /** @param slots of the pool that leaks may hold at a time */
    KeptByMistake(Ground ground, RetainedWatch told, Semaphore slots) {
        this.ground = ground;
        this.told = told;
        this.slots = slots;
    }

    void run() throws Exception {
        Dice dice = ground.dice("kept-by-mistake");
        Deck<Kind> deck = new Deck<>(List.of(Kind.values()), dice.split());
        while (!ground.isClosing()) {
            Dice act = dice.split();
            Kind kind = deck.draw();
            if (slots.tryAcquire(1, TimeUnit.SECONDS)) {
                new Act(kind, act).perform();
            }
            ground.idle(act.millis(500, 2_500));
        }
    }

    /** One of them. */
    private final class Act {
        private final Kind kind;
        private final Dice dice;
        private final @Nullable Integer own;
        private final Transfer transfer;
        private final Attempt attempt;
        private final AtomicReference<@Nullable Connection> field = new AtomicReference<>();
        private final AtomicReference<@Nullable Session> session = new AtomicReference<>();

        Act(Kind kind, Dice dice) {
            this.kind = kind;
            this.dice = dice;
            this.own = ground.reserve();
            Transfer drawn = Transfer.draw(dice, ground.outcomes.next()).plain();
            this.transfer = own == null
                    ? drawn
                    : Transfer.draw(dice, drawn.id(), own, drawn.to()).plain();
            this.attempt = new Attempt("kept by mistake, " + kind);
        }

        void perform() throws Exception {
            if (own == null) {
                ground.outcomes.report(transfer.id(), Outcome.ROLLED_BACK); // it was not begun
                slots.release();
                return;
            }
            // The worker lives on until it is over: that its thread ends would be another kind.
            Outcome outcome = ground.threads.inOneThread("keeper", worker -> {
                switch (kind) {
                    case THREAD_DIED ->
                        ground.threads.start("doomed", this::book).join();
                    case REQUEST_ENDED -> worker.submit(this::inRequest).get();
                    case WORKER_RESTS -> worker.submit(this::book).get();
                }
                Session left = session.get();
                if (left == null) {
                    ended();
                } else {
                    left(left);
                }
                return Outcome.ROLLED_BACK;
            });
            ground.outcomes.report(transfer.id(), outcome);
            ground.tally.count("transfers." + outcome);
        }

        private void inRequest() {
            try (LeaseScope scope = ground.guarded.frameworkScope("GET /accounts")) {
                book();
            }
        }

        private void book() {
            Connection connection = null;
            try {
                connection = ground.guarded.getConnection();
                attempt.stage = Stage.WORKING;
                Work.begin(connection, transfer);
                attempt.pid = Bank.ask(connection, dice.token());
                Bank.move(connection, transfer, dice);
                session.set(LeakWatch.session(connection));
                field.set(connection);
            } catch (SQLException | WrongAnswer e) {
                ground.judge.failed(attempt, e);
                Work.rollback(connection);
                Work.close(connection);
            }
        }

        private void left(Session left) {
            Dice waiter = dice.split();
            int row = transfer.from();
            int other = transfer.to();
            ground.threads.start("waiter", () -> ground.work.insist("a waiter", row, other, waiter, 0));
            ground.tally.note("kept by mistake, " + kind + " on backend " + left.pid());
            boolean isTold = told.await(attempt.what, left, UNTIL_TOLD);
            Threads.pause(dice.millis(0, 2_000));
            boolean isThere = isThere();
            ground.tally.count("kept." + kind + (!isThere ? ".lost" : isTold ? ".told" : ".not told"));
            if (isThere && dice.percent(50)) {
                Leak dropped = new Leak(
                        LeakKind.KEPT_THEN_DROPPED, left, true, Leaks.bound(LeakKind.KEPT_THEN_DROPPED), this::ended);
                field.set(null);
                ground.watch.add(dropped);
            } else {
                Connection connection = field.getAndSet(null);
                Work.rollback(connection);
                Work.close(connection);
                ended();
            }
        }

        /** It was left alone: whatever ended it is judged as with any other live work. */
        private boolean isThere() {
            Connection connection = field.get();
            try {
                if (connection == null) {
                    throw new IllegalStateException("no connection");
                }
                Bank.ask(connection, dice.token());
                return true;
            } catch (SQLException | WrongAnswer e) {
                ground.judge.failed(attempt, e);
                return false;
            }
        }

        private void ended() {
            if (own != null) {
                ground.giveBack(own);
            }
            slots.release();
        }
    }
}
