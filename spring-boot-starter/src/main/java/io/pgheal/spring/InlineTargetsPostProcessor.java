package io.pgheal.spring;

import javax.sql.DataSource;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.core.Ordered;

/**
 * Guards the targets of delegating and routing beans. Late among the post-processors, because others make such beans:
 * after them before the bean is initialized, so that it reads guarded targets, and once more when it is complete, with
 * the targets that it made or looked up itself.
 */
record InlineTargetsPostProcessor(GuardingPostProcessor guarding) implements BeanPostProcessor, Ordered {
    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }

    @Override
    public Object postProcessBeforeInitialization(Object bean, String name) {
        return targetsGuarded(bean, name);
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        return targetsGuarded(bean, name);
    }

    private Object targetsGuarded(Object bean, String name) {
        if (bean instanceof DataSource dataSource) {
            guarding.guardTargets(dataSource, name);
        }
        return bean;
    }
}
