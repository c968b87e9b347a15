package io.pgheal.spring;

import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The health of Spring Boot 4, which moved to packages of its own. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(
        name = {
            "org.springframework.boot.health.contributor.HealthIndicator",
            "org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator"
        })
class Boot4Health {
    @Bean
    @ConditionalOnEnabledHealthIndicator("pgheal")
    HealthIndicator pghealHealthIndicator(GuardedDataSources guarded, PghealProperties properties) {
        return () -> {
            HealthDetails details = HealthDetails.of(guarded, properties);
            Health.Builder health = details.down() ? Health.down() : Health.up();
            return health.withDetail("dataSources", details.dataSources()).build();
        };
    }
}
