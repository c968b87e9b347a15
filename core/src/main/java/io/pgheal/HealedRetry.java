package io.pgheal;

import io.github.resilience4j.retry.RetryConfig;
import io.pgheal.postgres.SqlState;
import io.pgheal.track.HeldUpException;
import io.pgheal.track.LeaseRevoked;
import io.pgheal.track.LockHolder;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A {@link RetryConfig} of Resilience4j for <em>whole transactions</em> that failed because they waited for a session that
 * pgheal heals. The retried code must begin with borrowing a connection and end with its {@code close()}. Needs
 * {@code resilience4j-retry} on the class path.
 *
 * <pre>{@code
 * Retry retry = Retry.of("login", HealedRetry.config());
 * String session = retry.executeCallable(() -> recordLogin(username));
 * }</pre>
 *
 * A transaction is retried only if it failed with 55P03 (lock timeout) or 40P01 (deadlock), and pgheal has added the holder
 * to its exception: one of our own connections, which has been healed, is being healed, or will be healed unless its owner
 * goes on. The server has rolled such a transaction back. Never retried is
 *
 * <ul>
 *   <li>anything whose outcome is unknown or whose connection is lost (08xxx, 40003), also if that happened only while
 *       cleaning up;
 *   <li>a {@link LeaseRevoked}: it is the culprit's exception, not a victim's;
 *   <li>a statement that was cancelled (57014): nothing shows whether a time limit ended it, or a person who wanted it to
 *       end. Where waiting is to be retried, limit it by {@code lock_timeout};
 *   <li>a wait for a session that pgheal leaves alone or that is not ours.
 * </ul>
 */
public final class HealedRetry {
    private static final int ATTEMPTS = 5;
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final int LOOKED_AT = 100;

    private HealedRetry() {}

    /** Five attempts; the pause before each is as long as the heal is expected to take, from 0.1 to 5 seconds. */
    public static RetryConfig config() {
        return config(ATTEMPTS);
    }

    /**
     * The same with another number of attempts.
     *
     * @param attempts at most, the first included
     */
    public static RetryConfig config(int attempts) {
        return RetryConfig.custom()
                .maxAttempts(attempts)
                .retryOnException(HealedRetry::helps)
                .intervalBiFunction((attempt, failure) -> pause(failure.isLeft() ? failure.getLeft() : null))
                .build();
    }

    /** Whether the whole transaction that failed like this can be repeated, and may expect the holder to give way. */
    public static boolean helps(Throwable failure) {
        return holder(failure).filter(LockHolder::givesWay).isPresent() && isRolledBackForCertain(failure);
    }

    /** How long to wait before the next attempt, in milliseconds. */
    private static long pause(@Nullable Throwable failure) {
        Duration due =
                holder(failure).map(LockHolder::dueIn).orElse(Duration.ZERO).plus(SHORTEST_PAUSE);
        return (due.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : due).toMillis();
    }

    private static Optional<LockHolder> holder(@Nullable Throwable failure) {
        String state = SqlState.of(failure);
        return SqlState.LOCK_NOT_AVAILABLE.equals(state) || SqlState.DEADLOCK_DETECTED.equals(state)
                ? HeldUpException.in(failure)
                : Optional.empty();
    }

    /** Whether nothing in the exception's whole graph, failures while cleaning up included, leaves a commit in doubt. */
    private static boolean isRolledBackForCertain(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Throwable> open = new ArrayDeque<>();
        open.add(failure);
        while (!open.isEmpty()) {
            Throwable each = open.remove();
            if (!seen.add(each)) {
                continue;
            }
            if (seen.size() > LOOKED_AT || each instanceof Error || each instanceof LeaseRevoked) {
                return false;
            }
            if (each instanceof SQLException sql) {
                if (leavesDoubt(sql.getSQLState())) {
                    return false;
                }
                add(open, sql.getNextException());
            }
            add(open, each.getCause());
            Collections.addAll(open, each.getSuppressed());
        }
        return true;
    }

    private static boolean leavesDoubt(@Nullable String state) {
        return state != null && (state.startsWith("08") || state.equals("40003"));
    }

    private static void add(Deque<Throwable> open, @Nullable Throwable next) {
        if (next != null) {
            open.add(next);
        }
    }
}
