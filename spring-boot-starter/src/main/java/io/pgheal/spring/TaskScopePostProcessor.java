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
 * Makes each task of the application's executors and schedulers a unit of work, and each asynchronous call. No bean gets a
 * proxy that has none: an executor gets a decorator around its own, and an asynchronous bean, which is a proxy already, one
 * more advice inside it. Last, when the asynchronous proxies are made.
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

    /** Before the executor makes its threads, and after the application has configured it. */
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

    /** An executor whose own decorator cannot be read is left alone: it must not lose that. */
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
