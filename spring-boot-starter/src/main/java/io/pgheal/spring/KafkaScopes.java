package io.pgheal.spring;

import java.util.ArrayList;
import java.util.List;
import org.aopalliance.aop.Advice;
import org.aopalliance.intercept.MethodInterceptor;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.kafka.config.AbstractKafkaListenerContainerFactory;
import org.springframework.kafka.listener.ContainerProperties;

/** Makes each record, or batch of records, that a listener of Spring Kafka handles a unit of work. */
final class KafkaScopes implements BeanPostProcessor {
    private final TaskScopes scopes;

    KafkaScopes(TaskScopes scopes) {
        this.scopes = scopes;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        if (bean instanceof AbstractKafkaListenerContainerFactory<?, ?, ?> factory) {
            ContainerProperties container = factory.getContainerProperties();
            List<Advice> advice = new ArrayList<>();
            advice.add((MethodInterceptor) call -> call.getMethod().getName().equals("onMessage")
                    ? scopes.message(call, "a Kafka record for " + name)
                    : call.proceed());
            advice.addAll(List.of(container.getAdviceChain()));
            container.setAdviceChain(advice.toArray(Advice[]::new));
        }
        return bean;
    }
}
