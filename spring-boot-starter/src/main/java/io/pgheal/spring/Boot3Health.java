package io.pgheal.spring;

import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The health of Spring Boot 3. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(
        name = {
            "org.springframework.boot.actuate.health.HealthIndicator",
            "org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator"
        })
class Boot3Health {
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
