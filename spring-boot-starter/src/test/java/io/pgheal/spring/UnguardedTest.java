package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pgheal.testserver.PostgresServer;
import java.util.Map;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** Where something of PostgreSQL's is left without a guard, log, health, info and a meter say so. */
class UnguardedTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(PghealAutoConfiguration.class))
            .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
            .withPropertyValues("pgheal.health.blind-is-down=true");

    @BeforeEach
    void listen() {
        log.start();
        ((Logger) LoggerFactory.getLogger(GuardingPostProcessor.class)).addAppender(log);
    }

    @AfterEach
    void listenNoMore() {
        ((Logger) LoggerFactory.getLogger(GuardingPostProcessor.class)).detachAppender(log);
    }

    private String logged() {
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).collect(Collectors.joining("\n"));
    }

    @Configuration(proxyBeanMethods = false)
    static class OneConnection {
        @Bean
        DataSource single() {
            return new SingleConnectionDataSource(SERVER.url(), SERVER.user(), SERVER.password(), true);
        }
    }

    @Test
    void oneThatCannotBeGuarded() {
        runner.withUserConfiguration(OneConnection.class).run(context -> {
            assertSaid(context, "single", "it decides itself when its connections are closed");
            assertThat(logged())
                    .contains("the data source 'single' is not guarded: it decides itself")
                    .contains("pgheal guards nothing");
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class CreatedEarly {
        @Bean
        static PGSimpleDataSource pool() {
            PGSimpleDataSource pool = new PGSimpleDataSource();
            pool.setUrl(SERVER.url());
            return pool;
        }

        @Bean
        static BeanFactoryPostProcessor hasty() {
            return beans -> beans.getBean("pool");
        }
    }

    @Test
    void oneThatWasCreatedBeforeThePostProcessors() {
        runner.withUserConfiguration(CreatedEarly.class)
                .run(context -> assertSaid(context, "pool", "it was created before pgheal could guard it"));
    }

    @Test
    void notOneThatTheUserExcluded() {
        runner.withUserConfiguration(OneConnection.class, CreatedEarly.class)
                .withPropertyValues("pgheal.exclude-beans=single,pool")
                .run(context -> {
                    GuardedDataSources guarded = context.getBean(GuardedDataSources.class);
                    assertThat(guarded.unguarded()).isEmpty();
                    assertThat(HealthDetails.of(guarded, context.getBean(PghealProperties.class))
                                    .down())
                            .isFalse();
                    assertThat(logged()).doesNotContain("is not guarded").doesNotContain("guards nothing");
                });
    }

    private static void assertSaid(AssertableApplicationContext context, String name, String reason) {
        GuardedDataSources guarded = context.getBean(GuardedDataSources.class);
        HealthDetails health = HealthDetails.of(guarded, context.getBean(PghealProperties.class));
        assertThat(health.down()).isTrue();
        assertThat(health.dataSources()).containsEntry(name, Map.of("unguarded", reason));
        Info.Builder info = new Info.Builder();
        context.getBean(InfoContribution.class).contribute(info);
        assertThat(info.build().get("pgheal")).asString().contains("unguarded=[" + name + "]");
        MeterRegistry meters = context.getBean(MeterRegistry.class);
        assertThat(meters.get("pgheal.data.sources")
                        .tag("guarded", "false")
                        .gauge()
                        .value())
                .isEqualTo(1);
        assertThat(meters.get("pgheal.data.sources")
                        .tag("guarded", "true")
                        .gauge()
                        .value())
                .isZero();
    }
}
