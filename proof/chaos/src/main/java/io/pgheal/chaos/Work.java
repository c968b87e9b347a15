package io.pgheal.chaos;

import io.pgheal.chaos.Attempt.Stage;
import io.pgheal.chaos.Outcomes.Outcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/** A transfer as careful code does it: whatever happens, the connection goes back, and what became of it is reported. */
final class Work {
    private final Ground ground;

    /** What is done between the bookings and the commit, with the rows locked. */
    @FunctionalInterface
    interface Midway {
        void pass(Connection connection) throws SQLException;
    }

    /** In a transaction of its own. */
    @FunctionalInterface
    interface Question {
        boolean ask(Connection connection) throws SQLException;
    }

    Work(Ground ground) {
        this.ground = ground;
    }

    /** @param lockTimeout in milliseconds, 0 for none */
    Outcome attempt(String what, Transfer transfer, Dice dice, int lockTimeout, Midway midway) {
        Attempt attempt = new Attempt(what);
        Outcome outcome = Outcome.ROLLED_BACK;
        Connection connection = null;
        try {
            connection = ground.guarded.getConnection();
            attempt.stage = Stage.WORKING;
            begin(connection, transfer);
            attempt.pid = Bank.ask(connection, dice.token());
            if (lockTimeout > 0) {
                Bank.lockTimeout(connection, lockTimeout);
            }
            Bank.move(connection, transfer, dice);
            midway.pass(connection);
            outcome = finish(attempt, connection, transfer);
        } catch (SQLException | WrongAnswer e) {
            outcome = ground.judge.failed(attempt, e);
            rollback(connection);
        } finally {
            close(connection);
            ground.outcomes.report(transfer.id(), outcome);
        }
        ground.tally.count("transfers." + outcome);
        return outcome;
    }

    static void begin(Connection connection, Transfer transfer) throws SQLException {
        connection.setTransactionIsolation(transfer.isolation());
        connection.setAutoCommit(false);
    }

    Outcome finish(Attempt attempt, Connection connection, Transfer transfer) throws SQLException {
        if (transfer.givenUp()) {
            connection.rollback();
            return Outcome.ROLLED_BACK;
        }
        attempt.stage = Stage.COMMITTING;
        connection.commit();
        return Outcome.COMMITTED;
    }

    /** Until it is done, also after the bank has closed: a leak that is awaited must be so until it is gone. */
    void insist(String what, int from, int to, Dice dice, int lockTimeout) {
        while (true) {
            Transfer transfer = Transfer.draw(dice, ground.outcomes.next(), from, to);
            if (attempt(what, transfer, dice, lockTimeout, nothing -> {}) == Outcome.COMMITTED) {
                return;
            }
            Threads.pause(Duration.ofMillis(dice.between(1, 20)));
        }
    }

    /** A change of a table, until it is done. */
    void alter(Dice dice) {
        insist("a change of a table", dice, connection -> {
            Bank.alterBranches(connection, dice.between(1, 1000));
            return true;
        });
    }

    /** Until the answer is yes. */
    void insist(String what, Dice dice, Question question) {
        while (!question(what, dice, question)) {
            Threads.pause(Duration.ofMillis(dice.between(20, 200)));
        }
    }

    private boolean question(String what, Dice dice, Question question) {
        Attempt attempt = new Attempt(what);
        Connection connection = null;
        try {
            connection = ground.guarded.getConnection();
            attempt.stage = Stage.WORKING;
            connection.setAutoCommit(false);
            attempt.pid = Bank.ask(connection, dice.token());
            boolean answer = question.ask(connection);
            attempt.stage = Stage.COMMITTING;
            connection.commit();
            return answer;
        } catch (SQLException | WrongAnswer e) {
            ground.judge.failed(attempt, e);
            rollback(connection);
            return false;
        } finally {
            close(connection);
        }
    }

    static void rollback(java.sql.@org.jspecify.annotations.Nullable Connection connection) {
        if (connection != null) {
            try {
                connection.rollback();
            } catch (SQLException alreadyLost) {
                // the first failure has been judged
            }
        }
    }

    static void close(java.sql.@org.jspecify.annotations.Nullable Connection connection) {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException alreadyLost) {
                // the same
            }
        }
    }
}
