package io.pgheal.chaos;

import io.pgheal.Release;
import io.pgheal.ReleaseTarget;
import io.pgheal.chaos.Attempt.Stage;
import io.pgheal.chaos.Leak.Session;
import io.pgheal.chaos.Outcomes.Outcome;
import io.pgheal.postgres.BackendId;
import io.pgheal.postgres.SqlState;
import io.pgheal.track.HealingLease;
import io.pgheal.track.LeaseRevoked;
import io.pgheal.track.LongTransaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Live owners that hold up a visitor at a desk, the table that has time limits: those beyond their limit are to be ended,
 * because the user said so, and likewise whom an operator names; the others are not, nor is what comes afterwards.
 */
final class UsersSay {
    private static final Duration LONGEST = Duration.ofMinutes(2);
    private static final Duration VISITOR_COMES = Duration.ofSeconds(20);

    private final Ground ground;
    private final int number;
    private final int ofThem;

    /** What the owner does while somebody waits for it. */
    enum Kind {
        IDLE_BEYOND,
        IDLE_WITHIN,
        ACTIVE_BEYOND,
        ACTIVE_WITHIN,
        /** Beyond the limit, but the application asked for the time, for one connection or for its thread. */
        EXTENDED,
        LONG_TRANSACTION,
        RELEASED
    }

    /** One of several who take the kinds by turns. */
    UsersSay(Ground ground, int number, int ofThem) {
        this.ground = ground;
        this.number = number;
        this.ofThem = ofThem;
    }

    void run() throws InterruptedException {
        Dice dice = ground.dice("users-say-" + number);
        Deck<Kind> deck = new Deck<>(List.of(Kind.values()), ground.dice("users-say"));
        deck.skip(number);
        while (!ground.isClosing()) {
            Dice act = dice.split();
            Kind kind = deck.draw();
            deck.skip(ofThem - 1);
            Integer desk = ground.reserve();
            if (desk != null) {
                try {
                    new Act(kind, act, desk).perform();
                } finally {
                    ground.giveBack(desk);
                }
            }
            ground.idle(act.millis(200, 1_500));
        }
    }

    /** One owner, at one desk. */
    private final class Act {
        private final Kind kind;
        private final Dice dice;
        private final int desk;
        private final Transfer transfer;
        private final Attempt attempt;
        private final Dice visitor;

        Act(Kind kind, Dice dice, int desk) {
            this.kind = kind;
            this.dice = dice;
            this.desk = desk;
            this.transfer = Transfer.draw(dice, ground.outcomes.next()).plain();
            this.attempt = new Attempt("at a desk, " + kind);
            this.visitor = dice.split();
        }

        void perform() throws InterruptedException {
            ground.tally.note("at desk " + desk + ": " + kind);
            Outcome outcome = kind == Kind.LONG_TRANSACTION ? inLongTransaction() : work();
            ground.outcomes.report(transfer.id(), outcome);
            ground.tally.count("transfers." + outcome);
            ground.tally.count("desks." + kind + "." + outcome);
        }

        private Outcome inLongTransaction() throws InterruptedException {
            try (LongTransaction longer = ground.guarded.longTransaction(LONGEST)) {
                return work();
            }
        }

        private Outcome work() throws InterruptedException {
            Connection connection = null;
            long locked = System.nanoTime();
            try {
                connection = ground.guarded.getConnection();
                attempt.stage = Stage.WORKING;
                Work.begin(connection, transfer);
                attempt.pid = Bank.ask(connection, dice.token());
                if (kind == Kind.EXTENDED) {
                    connection.unwrap(HealingLease.class).extend(LONGEST);
                }
                Session session = LeakWatch.session(connection);
                locked = System.nanoTime();
                Bank.visit(connection, desk);
                if (letVisitorWait()) {
                    switch (kind) {
                        case IDLE_BEYOND -> {
                            return idleBeyond(connection, session);
                        }
                        case ACTIVE_BEYOND -> {
                            return activeBeyond(connection, session, locked);
                        }
                        case RELEASED -> {
                            return released(connection, session);
                        }
                        case IDLE_WITHIN -> Threads.pause(percentOf(Settings.IDLE_LIMIT, 20, 60));
                        case ACTIVE_WITHIN ->
                            SlowButAlive.sleepOnTheServer(connection, percentOf(Settings.ACTIVE_LIMIT, 20, 60));
                        case EXTENDED, LONG_TRANSACTION -> beyondWithLeave(connection);
                    }
                }
                return finish(connection, attempt);
            } catch (SQLException | WrongAnswer e) {
                // On a machine without time for us, or behind others: by then it is beyond its limit, too.
                boolean late =
                        (kind == Kind.IDLE_WITHIN || kind == Kind.ACTIVE_WITHIN) && isOver(Settings.IDLE_LIMIT, locked);
                Outcome outcome = late && isByLimit(e) ? endedAsSaid("late") : ground.judge.failed(attempt, e);
                Work.rollback(connection);
                return outcome;
            } finally {
                Work.close(connection);
            }
        }

        /** Whether somebody is about to wait for the desk, for certain. */
        private boolean letVisitorWait() throws InterruptedException {
            CountDownLatch asks = new CountDownLatch(1);
            ground.threads.start("visitor", () -> {
                while (!visit(asks)) {
                    Threads.pause(visitor.millis(1, 20));
                }
            });
            return asks.await(VISITOR_COMES.toSeconds(), TimeUnit.SECONDS);
        }

        private boolean visit(CountDownLatch asks) {
            Attempt visit = new Attempt("a visitor");
            Connection connection = null;
            try {
                connection = ground.guarded.getConnection();
                visit.stage = Stage.WORKING;
                connection.setAutoCommit(false);
                visit.pid = Bank.ask(connection, visitor.token());
                asks.countDown();
                Bank.visit(connection, desk);
                visit.stage = Stage.COMMITTING;
                connection.commit();
                return true;
            } catch (SQLException | WrongAnswer e) {
                ground.judge.failed(visit, e);
                Work.rollback(connection);
                return false;
            } finally {
                Work.close(connection);
            }
        }

        private Outcome finish(Connection connection, Attempt which) throws SQLException {
            Bank.move(connection, transfer, dice);
            return ground.work.finish(which, connection, transfer);
        }

        private Duration percentOf(Duration limit, int least, int most) {
            return limit.multipliedBy(dice.between(least, most)).dividedBy(100);
        }

        private void beyondWithLeave(Connection connection) throws SQLException {
            if (dice.percent(50)) {
                Threads.pause(percentOf(Settings.IDLE_LIMIT, 150, 250));
            } else {
                SlowButAlive.sleepOnTheServer(connection, percentOf(Settings.ACTIVE_LIMIT, 150, 250));
            }
        }

        private Outcome idleBeyond(Connection connection, Session session) throws InterruptedException {
            Leak leak = new Leak(LeakKind.IDLE_BEYOND_LIMIT, session, true, Settings.IDLE_LIMIT, () -> {});
            ground.watch.add(leak);
            boolean ended = leak.awaitEnd(LONGEST);
            return ended ? comeBackLate(connection) : giveUp(connection);
        }

        /** The limit cancels the statement; the owner is told so, and goes on with the same connection. */
        private Outcome activeBeyond(Connection connection, Session session, long locked) throws SQLException {
            ground.watch.add(new Leak(LeakKind.ACTIVE_BEYOND_LIMIT, session, true, Settings.ACTIVE_LIMIT, () -> {}));
            try {
                SlowButAlive.sleepOnTheServer(connection, LONGEST);
                return giveUp(connection);
            } catch (SQLException e) {
                if (!isOver(Settings.ACTIVE_LIMIT, locked) || !isByLimit(e)) {
                    throw e; // to be judged as any other failure
                }
                endedAsSaid(String.valueOf(SqlState.of(e)));
                return SqlState.QUERY_CANCELED.equals(SqlState.of(e)) ? goOn(connection) : Outcome.ROLLED_BACK;
            }
        }

        /** A later transaction of the same session: nobody allowed that to be ended. */
        private Outcome goOn(Connection connection) {
            Attempt later = new Attempt("what came after " + kind);
            later.stage = Stage.WORKING;
            later.pid = attempt.pid;
            try {
                connection.rollback();
                if (dice.percent(50)) {
                    Bank.visit(connection, desk);
                }
                Bank.ask(connection, dice.token());
                Threads.pause(dice.millis(0, 1_600));
                Bank.ask(connection, dice.token());
                return finish(connection, later);
            } catch (SQLException | WrongAnswer e) {
                // A visitor that had to come again may have waited for this one, too.
                Outcome outcome = isOver(Settings.IDLE_LIMIT, later.began) && isByLimit(e)
                        ? endedAsSaid("late")
                        : ground.judge.failed(later, e);
                Work.rollback(connection);
                return outcome;
            }
        }

        private Outcome released(Connection connection, Session session) throws InterruptedException {
            BackendId backend = null;
            Leak leak = new Leak(LeakKind.RELEASED_BY_OPERATOR, session, true, Duration.ZERO, () -> {});
            ground.watch.add(leak);
            long end = System.nanoTime() + LONGEST.toNanos();
            do {
                try {
                    backend = backend == null ? holder(session.pid()) : backend;
                    if (backend != null) {
                        ground.guarded.release(ReleaseTarget.session(backend), Release.TERMINATE, "soak");
                    }
                } catch (SQLException e) {
                    ground.tally.note("the operator is told: " + e.getMessage());
                }
            } while (!leak.awaitEnd(Duration.ofMillis(300)) && end - System.nanoTime() > 0);
            return end - System.nanoTime() > 0 ? comeBackLate(connection) : giveUp(connection);
        }

        private @org.jspecify.annotations.Nullable BackendId holder(int pid) throws SQLException {
            return ground.guarded.locksOn(Settings.LIMITED_TABLE).stream()
                    .filter(lock -> lock.isHeld()
                            && lock.backend() != null
                            && lock.backend().pid() == pid)
                    .map(lock -> Objects.requireNonNull(lock.backend()).id())
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
        }

        /** After its transaction is gone: it must be told so, and how it ended is known. */
        private Outcome comeBackLate(Connection connection) {
            try {
                Bank.ask(connection, dice.token());
                ground.tally.violated(Invariant.WRONG_ANSWER, "an answer after the end: " + attempt);
            } catch (SQLException e) {
                boolean broken = ground.disturbances.mayHaveBroken(attempt.pid, attempt.began);
                if (!broken && LeaseRevoked.in(e).isEmpty()) {
                    ground.tally.violated(Invariant.UNEXPLAINED, "not told that it was ended: " + attempt, e);
                } else if (!broken && SqlState.TRANSACTION_RESOLUTION_UNKNOWN.equals(SqlState.of(e))) {
                    ground.tally.violated(Invariant.OUTCOME_UNKNOWN, attempt.toString(), e);
                }
            }
            Work.rollback(connection);
            return endedAsSaid("revoked");
        }

        private Outcome endedAsSaid(String how) {
            ground.tally.count("said." + kind + " " + how);
            return Outcome.ROLLED_BACK;
        }

        /** The watch has complained by now. */
        private Outcome giveUp(Connection connection) {
            Work.rollback(connection);
            return Outcome.ROLLED_BACK;
        }

        /** By the owner's own clock: it had held the desk for so long before it was told. */
        private static boolean isOver(Duration limit, long locked) {
            return System.nanoTime() - locked >= limit.toNanos();
        }

        private static boolean isByLimit(Throwable failure) {
            return LeaseRevoked.in(failure).isPresent()
                    || SqlState.QUERY_CANCELED.equals(SqlState.of(failure))
                    || (failure instanceof SQLException lost && Judge.isLost(lost));
        }
    }
}
