package io.pgheal.heal;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.ratelimiter.RateLimiter;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import io.pgheal.Internal;
import io.pgheal.decide.Action;
import io.pgheal.decide.Decision;
import java.time.Duration;

/**
 * Permits each heal, or refuses it: by budgets, so that a flood of evidence cannot end very many sessions at once, and by a
 * circuit breaker, so that heals that do not help come to an end. Where they refuse, pgheal only observes. Thread-safe.
 */
@Internal
public final class Safeguards {
    private final RateLimiter signals;
    private final RateLimiter certain;
    private final CircuitBreaker breaker;

    public Safeguards(String dataSource, int signalsPerMinute, int certainPerMinute) {
        this.signals = perMinute("pgheal-" + dataSource + "-signals", signalsPerMinute);
        this.certain = perMinute("pgheal-" + dataSource + "-certain", certainPerMinute);
        this.breaker = CircuitBreaker.of(
                "pgheal-" + dataSource,
                CircuitBreakerConfig.custom()
                        .slidingWindowType(CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
                        .slidingWindowSize(10)
                        .minimumNumberOfCalls(4)
                        .failureRateThreshold(50)
                        .waitDurationInOpenState(Duration.ofMinutes(1))
                        .permittedNumberOfCallsInHalfOpenState(1)
                        .maxWaitDurationInHalfOpenState(Duration.ofMinutes(1)) // the one trial may hang for good
                        .automaticTransitionFromOpenToHalfOpenEnabled(false)
                        .build());
    }

    private static RateLimiter perMinute(String name, int limit) {
        return RateLimiter.of(
                name,
                RateLimiterConfig.custom()
                        .limitForPeriod(limit)
                        .limitRefreshPeriod(Duration.ofMinutes(1))
                        .timeoutDuration(Duration.ZERO)
                        .build());
    }

    /**
     * Returns the decision if its heal is permitted, otherwise the same decision to be reported only. Each permitted heal
     * must be {@link #ended}.
     */
    public Decision permit(Decision decision) {
        if (decision.action() != Action.HEAL) {
            return decision;
        }
        if (!breaker.tryAcquirePermission()) {
            return decision.onlyTold("the last heals did not help; the breaker is open for a minute");
        }
        if (!(decision.certain() ? certain : signals).acquirePermission()) {
            breaker.releasePermission();
            return decision.onlyTold("the budget of heals per minute is used up (budget."
                    + (decision.certain() ? "certain" : "signals") + "-per-minute)");
        }
        return decision;
    }

    public void ended(Outcome outcome) {
        switch (outcome.kind()) {
            case UNRESOLVED ->
                breaker.onError(
                        outcome.took().toNanos(), java.util.concurrent.TimeUnit.NANOSECONDS, new UnresolvedHeal());
            case HEALED -> breaker.onSuccess(outcome.took().toNanos(), java.util.concurrent.TimeUnit.NANOSECONDS);
            default -> breaker.releasePermission();
        }
    }

    public boolean isBreakerOpen() {
        return breaker.getState() == CircuitBreaker.State.OPEN;
    }

    /** How many heals by the user's rules are still permitted in this minute. */
    public int signalsLeft() {
        return signals.getMetrics().getAvailablePermissions();
    }

    /** The same for heals by certain evidence. */
    public int certainLeft() {
        return certain.getMetrics().getAvailablePermissions();
    }

    public RateLimiter signalBudget() {
        return signals;
    }

    public RateLimiter certainBudget() {
        return certain;
    }

    public CircuitBreaker breaker() {
        return breaker;
    }

    private static final class UnresolvedHeal extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UnresolvedHeal() {
            super("unresolved", null, false, false);
        }
    }
}
