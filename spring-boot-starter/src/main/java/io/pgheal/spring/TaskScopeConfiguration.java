package io.pgheal.spring;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jms.config.JmsListenerEndpointRegistry;
import org.springframework.jms.listener.AbstractMessageListenerContainer;

/**
 * Units of work beyond the servlet request. The post-processors are static, because they must exist before the beans
 * that they process.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty(prefix = "pgheal.scopes", name = "tasks", matchIfMissing = true)
class TaskScopeConfiguration {

    @Bean
    static TaskScopePostProcessor pghealTaskScopes(ObjectProvider<GuardedDataSources> guarded) {
        return new TaskScopePostProcessor(new TaskScopes(guarded));
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "org.springframework.kafka.config.AbstractKafkaListenerContainerFactory")
    static class Kafka {
        @Bean
        static KafkaScopes pghealKafkaScopes(ObjectProvider<GuardedDataSources> guarded) {
            return new KafkaScopes(new TaskScopes(guarded));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "org.springframework.amqp.rabbit.config.BaseRabbitListenerContainerFactory")
    static class Rabbit {
        @Bean
        static RabbitScopes pghealRabbitScopes(ObjectProvider<GuardedDataSources> guarded) {
            return new RabbitScopes(new TaskScopes(guarded));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = {"org.springframework.jms.config.JmsListenerEndpointRegistry", "jakarta.jms.Message"})
    static class Jms {
        @Bean
        JmsScopes pghealJmsScopes(
                ObjectProvider<GuardedDataSources> guarded,
                ObjectProvider<JmsListenerEndpointRegistry> registries,
                ObjectProvider<AbstractMessageListenerContainer> containers) {
            return new JmsScopes(new TaskScopes(guarded), registries, containers);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "org.springframework.batch.core.job.AbstractJob")
    static class Batch {
        @Bean
        static BatchScopes pghealBatchScopes(ObjectProvider<GuardedDataSources> guarded) {
            return new BatchScopes(new TaskScopes(guarded));
        }
    }
}
