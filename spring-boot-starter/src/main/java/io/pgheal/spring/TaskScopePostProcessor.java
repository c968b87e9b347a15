package io.pgheal.spring;

import java.lang.reflect.Field;
import java.util.function.Consumer;
import org.aopalliance.intercept.MethodInterceptor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.Advisor;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.core.task.TaskDecorator;
import org.springframework.core.task.support.TaskExecutorAdapter;
import org.springframework.scheduling.annotation.AsyncAnnotationAdvisor;
import org.springframework.scheduling.concurrent.ConcurrentTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.util.ReflectionUtils;

/**
 * Makes each task of the application's executors and schedulers, and each asynchronous call, a unit of work. Adds no
 * proxy to a bean without one: an executor gets a decorator around its own decorator, and an asynchronous bean, already
 * a proxy, gets an advice inside the existing ones. Runs last, when the asynchronous proxies exist.
 */
final class TaskScopePostProcessor implements BeanPostProcessor, Ordered {
    private static final Logger LOG = LoggerFactory.getLogger(TaskScopePostProcessor.class);
    private static final String DECORATOR = "taskDecorator";

    private final TaskScopes scopes;

    TaskScopePostProcessor(TaskScopes scopes) {
        this.scopes = scopes;
    }

    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }

    /** Runs before the executor creates its threads, and after the application has configured the executor. */
    @Override
    public Object postProcessBeforeInitialization(Object bean, String name) {
        if (bean instanceof ThreadPoolTaskExecutor executor) {
            decorate(executor, ThreadPoolTaskExecutor.class, name, executor::setTaskDecorator);
        } else if (bean instanceof ThreadPoolTaskScheduler scheduler) {
            decorate(scheduler, ThreadPoolTaskScheduler.class, name, scheduler::setTaskDecorator);
        } else if (bean instanceof SimpleAsyncTaskExecutor executor) {
            decorate(executor, SimpleAsyncTaskExecutor.class, name, executor::setTaskDecorator);
        } else if (bean instanceof ConcurrentTaskExecutor executor) {
            decorate(executor, ConcurrentTaskExecutor.class, name, executor::setTaskDecorator);
        } else if (bean instanceof TaskExecutorAdapter executor) {
            decorate(executor, TaskExecutorAdapter.class, name, executor::setTaskDecorator);
        }
        return bean;
    }

    /** Leaves an executor alone if its own decorator cannot be read: replacing it would lose that decorator. */
    private void decorate(Object executor, Class<?> type, String name, Consumer<TaskDecorator> setter) {
        try {
            Field field = ReflectionUtils.findField(type, DECORATOR);
            if (field == null) {
                throw new NoSuchFieldException(DECORATOR);
            }
            ReflectionUtils.makeAccessible(field);
            setter.accept(scopes.around((TaskDecorator) field.get(executor), "a task of " + name));
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            LOG.warn("the tasks of '{}' are no units of work for pgheal: {}", name, e.toString());
        }
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        if (bean instanceof Advised advised && !advised.isFrozen()) {
            Advisor[] advisors = advised.getAdvisors();
            for (int i = 0; i < advisors.length; i++) {
                if (advisors[i] instanceof AsyncAnnotationAdvisor asynchronous) {
                    MethodInterceptor inside = scopes::asynchronously;
                    advised.addAdvisor(i + 1, new DefaultPointcutAdvisor(asynchronous.getPointcut(), inside));
                    break;
                }
            }
        }
        return bean;
    }
}
