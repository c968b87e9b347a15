package io.pgheal.chaos;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/** Ordinary work, all day: transfers at a pace, and now and then only a question. */
final class Teller {
    private static final long LONGEST_BACKLOG = Duration.ofSeconds(10).toNanos();

    private final Ground ground;
    private final String name;
    private final long interval;

    Teller(Ground ground, String name, int perMinute) {
        this.ground = ground;
        this.name = name;
        this.interval = Duration.ofMinutes(1).toNanos() / perMinute;
    }

    void run() {
        Dice dice = ground.dice(name);
        long due = System.nanoTime();
        while (!ground.isClosing()) {
            due += interval;
            long ahead = due - System.nanoTime();
            if (ahead > 0) {
                Threads.pause(Duration.ofNanos(ahead));
            } else if (-ahead > LONGEST_BACKLOG) {
                due = System.nanoTime();
            }
            Dice act = dice.split();
            if (act.percent(10)) {
                ask(act);
            } else {
                int lockTimeout = act.oneOf(0, 0, 500, 3000);
                Transfer transfer = Transfer.draw(act, ground.outcomes.next());
                ground.work.attempt("a teller's transfer", transfer, act, lockTimeout, nothing -> {});
            }
            boolean unusedInterrupt = Thread.interrupted(); // an interrupt ends one piece of work, not the teller
        }
    }

    /** In auto-commit. */
    private void ask(Dice dice) {
        Attempt attempt = new Attempt("a teller's question");
        Connection connection = null;
        try {
            connection = ground.guarded.getConnection();
            attempt.stage = Attempt.Stage.WORKING;
            for (int i = dice.between(1, 3); i > 0; i--) {
                attempt.pid = Bank.ask(connection, dice.token());
            }
            ground.tally.count("questions");
        } catch (SQLException | WrongAnswer e) {
            ground.judge.failed(attempt, e);
        } finally {
            Work.close(connection);
        }
    }
}
