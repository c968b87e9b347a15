package io.pgheal.report;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.github.resilience4j.micrometer.tagged.TaggedCircuitBreakerMetrics;
import io.github.resilience4j.micrometer.tagged.TaggedRateLimiterMetrics;
import io.github.resilience4j.ratelimiter.RateLimiter;
import io.github.resilience4j.ratelimiter.RateLimiterRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import io.pgheal.heal.Safeguards;
import java.util.List;

/**
 * Resilience4j's own meters ({@code resilience4j.circuitbreaker.*}, {@code resilience4j.ratelimiter.*}) of the breaker and
 * the budgets of one data source. Needs {@code resilience4j-micrometer}.
 */
final class SafeguardMeters implements AutoCloseable {
    private final CircuitBreakerRegistry breakers = CircuitBreakerRegistry.ofDefaults();
    private final RateLimiterRegistry limiters = RateLimiterRegistry.ofDefaults();
    private final CircuitBreaker breaker;
    private final List<RateLimiter> budgets;

    /** Uses registries of its own: an entry that is removed from them takes its meters along. */
    SafeguardMeters(MeterRegistry registry, Safeguards safeguards) {
        breaker = safeguards.breaker();
        budgets = List.of(safeguards.signalBudget(), safeguards.certainBudget());
        breakers.circuitBreaker(breaker.getName());
        breakers.replace(breaker.getName(), breaker);
        for (RateLimiter budget : budgets) {
            limiters.rateLimiter(budget.getName());
            limiters.replace(budget.getName(), budget);
        }
        TaggedCircuitBreakerMetrics.ofCircuitBreakerRegistry(breakers).bindTo(registry);
        TaggedRateLimiterMetrics.ofRateLimiterRegistry(limiters).bindTo(registry);
    }

    @Override
    public void close() {
        breakers.remove(breaker.getName());
        budgets.forEach(budget -> limiters.remove(budget.getName()));
    }
}
