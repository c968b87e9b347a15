package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pgheal.testserver.PostgresServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

class LateMetersTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @Configuration(proxyBeanMethods = false)
    static class Pool {
        @Bean
        PGSimpleDataSource pool() {
            PGSimpleDataSource pool = new PGSimpleDataSource();
            pool.setUrl(SERVER.url());
            pool.setUser(SERVER.user());
            return pool;
        }
    }

    /** With some versions of Spring Boot Micrometer's global registry holds it, and with devtools there are many such. */
    @Test
    void aRegistryThatOutlivesTheApplicationHoldsNothingOfIt() {
        MeterRegistry registry = new SimpleMeterRegistry();
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class))
                .withBean(MeterRegistry.class, () -> registry)
                .withUserConfiguration(Pool.class)
                .run(context -> {
                    assertThat(registry.get("pgheal.data.sources")
                                    .tag("guarded", "true")
                                    .gauge()
                                    .value())
                            .isOne();
                    assertThat(registry.find("pgheal.leases").gauge()).isNotNull();
                });
        assertThat(registry.getMeters()).isEmpty();
    }
}
