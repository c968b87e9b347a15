package io.pgheal.spring;

import io.pgheal.SelfHealingDataSource;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;

/** Makes the call a long transaction on every guarded data source. Throws only what the call throws. */
final class LongTransactionInterceptor implements MethodInterceptor {
    private static final Logger LOG = LoggerFactory.getLogger(LongTransactionInterceptor.class);

    private final ObjectProvider<GuardedDataSources> guarded;
    private final Times times;

    /** How long a method may take; null when the method is not annotated. */
    interface Times {
        @Nullable
        Duration of(Method method, @Nullable Class<?> targetClass);
    }

    LongTransactionInterceptor(ObjectProvider<GuardedDataSources> guarded, Times times) {
        this.guarded = guarded;
        this.times = times;
    }

    @Override
    public @Nullable Object invoke(MethodInvocation call) throws Throwable {
        Deque<io.pgheal.track.LongTransaction> open = new ArrayDeque<>();
        try {
            open(call, open);
            return call.proceed();
        } finally {
            close(open);
        }
    }

    private void open(MethodInvocation call, Deque<io.pgheal.track.LongTransaction> open) {
        try {
            Object target = call.getThis();
            Duration time = times.of(call.getMethod(), target == null ? null : target.getClass());
            if (time != null) {
                for (SelfHealingDataSource dataSource :
                        guarded.getObject().byName().values()) {
                    open.push(dataSource.longTransaction(time));
                }
            }
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("pgheal could not keep {} safe from its time limits", call.getMethod(), e);
        }
    }

    private static void close(Deque<io.pgheal.track.LongTransaction> open) {
        open.forEach(io.pgheal.track.LongTransaction::close);
    }
}
