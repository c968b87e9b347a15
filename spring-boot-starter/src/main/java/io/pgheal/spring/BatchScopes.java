package io.pgheal.spring;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.job.AbstractJob;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.util.ReflectionUtils;

/**
 * Makes each execution of a Spring Batch job a unit of work. Not each step: a step's listeners are called before its
 * reader and writer are closed, and their connections would look left behind. Uses reflection, because Spring Batch 5
 * and 6 have the listener in different packages.
 */
final class BatchScopes implements BeanPostProcessor {
    private static final Logger LOG = LoggerFactory.getLogger(BatchScopes.class);
    private static final String REGISTER = "registerJobExecutionListener";

    private final TaskScopes scopes;

    BatchScopes(TaskScopes scopes) {
        this.scopes = scopes;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        if (bean instanceof AbstractJob job) {
            try {
                Method register = null;
                for (Method method : AbstractJob.class.getMethods()) {
                    if (method.getName().equals(REGISTER)) {
                        register = method;
                    }
                }
                if (register == null) {
                    throw new NoSuchMethodException(REGISTER);
                }
                Class<?> listener = register.getParameterTypes()[0];
                register.invoke(
                        job,
                        Proxy.newProxyInstance(
                                listener.getClassLoader(),
                                new Class<?>[] {listener},
                                new UnitOfWork(scopes, "the batch job " + name)));
            } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
                LOG.warn("the batch job '{}' is no unit of work for pgheal: {}", name, e.toString());
            }
        }
        return bean;
    }

    private static final class UnitOfWork implements InvocationHandler {
        private final TaskScopes scopes;
        private final String name;

        /** The calls before and after a job come on one thread. */
        @SuppressWarnings("ThreadLocalUsage") // one for each job bean
        private final ThreadLocal<@Nullable WorkScopes> unit = new ThreadLocal<>();

        UnitOfWork(TaskScopes scopes, String name) {
            this.scopes = scopes;
            this.name = name;
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) {
            return switch (method.getName()) {
                case "beforeJob" -> {
                    unit.set(scopes.begin(name));
                    yield null;
                }
                case "afterJob" -> {
                    WorkScopes ended = unit.get();
                    unit.remove();
                    if (ended != null && arguments != null) {
                        end(ended, arguments[0]);
                    }
                    yield null;
                }
                case "equals" -> arguments != null && proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> method.getReturnType() == String.class ? "pgheal's unit of work for " + name : null;
            };
        }

        /** The execution keeps the exceptions of its steps. */
        private static void end(WorkScopes unit, Object execution) {
            try {
                Method failures = ReflectionUtils.findMethod(execution.getClass(), "getAllFailureExceptions");
                if (failures != null
                        && failures.invoke(execution) instanceof List<?> thrown
                        && !thrown.isEmpty()
                        && thrown.get(0) instanceof Throwable first) {
                    unit.failed(first);
                }
            } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
                // Without the failure, the end of the unit proves less.
            }
            unit.close();
        }
    }
}
