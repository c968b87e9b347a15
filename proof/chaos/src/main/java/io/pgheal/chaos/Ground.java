package io.pgheal.chaos;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.SelfHealingDataSource;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** What every actor of the soak stands on. Thread-safe. */
final class Ground {
    final SoakOptions options;
    final HikariDataSource pool;
    final SelfHealingDataSource guarded;
    final Outcomes outcomes;
    final Disturbances disturbances;
    final Tally tally;
    final Threads threads;
    final LeakWatch watch;
    final Judge judge;
    final Work work;
    private final BlockingQueue<Integer> reserved = new LinkedBlockingQueue<>();
    private volatile boolean closing;

    Ground(
            SoakOptions options,
            HikariDataSource pool,
            SelfHealingDataSource guarded,
            Disturbances disturbances,
            Tally tally,
            Threads threads,
            LeakWatch watch) {
        this.options = options;
        this.pool = pool;
        this.guarded = guarded;
        this.outcomes = new Outcomes();
        this.disturbances = disturbances;
        this.tally = tally;
        this.threads = threads;
        this.watch = watch;
        this.judge = new Judge(disturbances, tally);
        this.work = new Work(this);
        for (int i = 1; i <= Bank.RESERVED; i++) {
            reserved.add(Bank.COMMON + i);
        }
    }

    /** The bank closes: no new work is begun, what was begun goes on to its end. */
    void close() {
        closing = true;
    }

    boolean isClosing() {
        return closing;
    }

    Dice dice(String actor) {
        return Dice.of(options.seed(), actor);
    }

    /** An account that nobody else uses until it is given back; null if there is none. */
    @Nullable
    Integer reserve() {
        return reserved.poll();
    }

    void giveBack(int account) {
        reserved.add(account);
    }

    /** Pauses between two acts; ends early when the bank closes. */
    void idle(Duration time) {
        Threads.await(this::isClosing, time);
    }
}
