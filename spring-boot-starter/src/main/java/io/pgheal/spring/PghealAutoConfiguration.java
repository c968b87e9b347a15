package io.pgheal.spring;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.tracing.Tracer;
import jakarta.servlet.DispatcherType;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.autoconfigure.info.ConditionalOnEnabledInfoContributor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Guards every PostgreSQL data source of the application. All conditions on optional classes go by name: Spring Boot 3
 * and 4 have these classes in different packages.
 */
@AutoConfiguration(
        beforeName = {
            "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
            "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration"
        })
@ConditionalOnProperty(prefix = "pgheal", name = "enabled", matchIfMissing = true)
@EnableConfigurationProperties(PghealProperties.class)
@Import({Boot3Health.class, Boot4Health.class, TaskScopeConfiguration.class})
class PghealAutoConfiguration {

    @Bean
    static GuardingPostProcessor pghealGuardingPostProcessor(
            ConfigurableListableBeanFactory beans,
            ConfigurableEnvironment environment,
            ApplicationEventPublisher events,
            ObjectProvider<PghealProperties> properties,
            ObjectProvider<GuardedDataSources> guarded,
            ObjectProvider<GuardCustomizer> customizers) {
        return new GuardingPostProcessor(beans, environment, events, properties, guarded, customizers);
    }

    @Bean
    static InlineTargetsPostProcessor pghealInlineTargetsPostProcessor(GuardingPostProcessor guarding) {
        return new InlineTargetsPostProcessor(guarding);
    }

    /** Static, because the first data source needs it, whichever bean creates that data source. */
    @Bean
    static GuardedDataSources pghealGuardedDataSources() {
        return new GuardedDataSources();
    }

    @Bean
    static LongTransactionPostProcessor pghealLongTransactionPostProcessor(
            ConfigurableEnvironment environment, ObjectProvider<GuardedDataSources> guarded) {
        return new LongTransactionPostProcessor(
                guarded, environment.getProperty("spring.aop.proxy-target-class", Boolean.class, true));
    }

    @Bean
    static MigrationPostProcessor pghealMigrations(ObjectProvider<GuardedDataSources> guarded) {
        return new MigrationPostProcessor(guarded);
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "io.micrometer.core.instrument.MeterRegistry")
    static class Meters {
        @Bean
        static LateMeters pghealLateMeters(GuardedDataSources guarded, ObjectProvider<MeterRegistry> registries) {
            return new LateMeters(guarded, registries);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "io.micrometer.tracing.Tracer")
    static class Traces {
        @Bean
        static SpanTracing pghealSpanTracing(ObjectProvider<Tracer> tracers) {
            return new SpanTracing(tracers);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(
            name = {"jakarta.servlet.Filter", "org.springframework.boot.web.servlet.FilterRegistrationBean"})
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    @ConditionalOnProperty(prefix = "pgheal.scopes", name = "servlet", matchIfMissing = true)
    static class ServletScopes {
        /**
         * Filters each dispatch that a container runs on a thread of its own; forwards and includes belong to their
         * dispatch.
         */
        @Bean
        FilterRegistrationBean<RequestScopeFilter> pghealRequestScopeFilter(GuardedDataSources guarded) {
            FilterRegistrationBean<RequestScopeFilter> filter =
                    new FilterRegistrationBean<>(new RequestScopeFilter(guarded));
            filter.setName("pghealRequestScopeFilter");
            filter.setOrder(Ordered.HIGHEST_PRECEDENCE);
            filter.setDispatcherTypes(DispatcherType.REQUEST, DispatcherType.ASYNC, DispatcherType.ERROR);
            return filter;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(
            name = "org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint")
    static class Endpoints {
        @Bean
        @ConditionalOnAvailableEndpoint
        PghealEndpoint pghealEndpoint(GuardedDataSources guarded, ConfigurableEnvironment environment) {
            return new PghealEndpoint(guarded, OpenedEndpoint.isSpokenOf("pgheal", environment));
        }

        @Bean
        @ConditionalOnAvailableEndpoint
        TableLocksEndpoint pghealLocksEndpoint(GuardedDataSources guarded) {
            return new TableLocksEndpoint(guarded);
        }

        @Bean
        @Conditional(OpenedEndpoint.Release.class)
        @ConditionalOnAvailableEndpoint
        ReleaseEndpoint pghealReleaseEndpoint(GuardedDataSources guarded) {
            return new ReleaseEndpoint(guarded);
        }

        @Bean
        @ConditionalOnProperty("pgheal.console.enabled")
        @ConditionalOnAvailableEndpoint
        ConsoleEndpoint pghealConsoleEndpoint() {
            return new ConsoleEndpoint();
        }

        @Bean
        @ConditionalOnAvailableEndpoint
        BlockingTreeEndpoint pghealTreeEndpoint(GuardedDataSources guarded) {
            return new BlockingTreeEndpoint(guarded);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(
            name = {
                "org.springframework.boot.actuate.info.InfoContributor",
                "org.springframework.boot.actuate.autoconfigure.info.ConditionalOnEnabledInfoContributor"
            })
    static class About {
        @Bean
        @ConditionalOnEnabledInfoContributor("pgheal")
        InfoContribution pghealInfoContributor(GuardedDataSources guarded) {
            return new InfoContribution(guarded);
        }
    }
}
