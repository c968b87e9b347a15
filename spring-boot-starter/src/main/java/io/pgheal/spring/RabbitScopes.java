package io.pgheal.spring;

import java.util.ArrayList;
import java.util.List;
import org.aopalliance.aop.Advice;
import org.aopalliance.intercept.MethodInterceptor;
import org.springframework.amqp.rabbit.config.BaseRabbitListenerContainerFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;

/** Makes each message that a listener of Spring AMQP handles, including its retries, a unit of work. */
final class RabbitScopes implements BeanPostProcessor {
    private final TaskScopes scopes;

    RabbitScopes(TaskScopes scopes) {
        this.scopes = scopes;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        if (bean instanceof BaseRabbitListenerContainerFactory<?> factory) {
            List<Advice> advice = new ArrayList<>();
            advice.add((MethodInterceptor) call -> scopes.message(call, "an AMQP message for " + name));
            if (factory.getAdviceChain() != null) {
                advice.addAll(List.of(factory.getAdviceChain()));
            }
            factory.setAdviceChain(advice.toArray(Advice[]::new));
        }
        return bean;
    }
}
