package io.pgheal.spring;

import java.lang.reflect.Field;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.support.DelegatingErrorHandlingRunnable;
import org.springframework.util.ErrorHandler;
import org.springframework.util.ReflectionUtils;

/**
 * Spring's schedulers hand an error of a scheduled method to an error handler, mostly one that logs it and goes on: whoever
 * runs the task sees it end well. Here the unit of work hears of it first, where the task comes with its handler in sight: that
 * of a scheduler for virtual threads does, that of a {@code ThreadPoolTaskScheduler} has a future around it.
 */
final class SwallowedErrors {
    private static final @Nullable Field DELEGATE = field("delegate");
    private static final @Nullable Field HANDLER = field("errorHandler");

    private SwallowedErrors() {}

    private static @Nullable Field field(String name) {
        try {
            Field field = ReflectionUtils.findField(DelegatingErrorHandlingRunnable.class, name);
            if (field != null) {
                ReflectionUtils.makeAccessible(field);
            }
            return field;
        } catch (RuntimeException | LinkageError e) {
            return null;
        }
    }

    /** The same task with its handler; itself where it has none, or that cannot be read: then its end proves less. */
    static Runnable heard(Runnable task) {
        if (!(task instanceof DelegatingErrorHandlingRunnable) || DELEGATE == null || HANDLER == null) {
            return task;
        }
        try {
            Object delegate = DELEGATE.get(task);
            Object handler = HANDLER.get(task);
            return delegate instanceof Runnable work && handler instanceof ErrorHandler own
                    ? new DelegatingErrorHandlingRunnable(() -> tell(work), own)
                    : task;
        } catch (ReflectiveOperationException | RuntimeException e) {
            return task;
        }
    }

    private static void tell(Runnable work) {
        try {
            work.run();
        } catch (Throwable thrown) {
            WorkScopes unit = WorkScopes.current();
            if (unit != null) {
                unit.failed(thrown);
            }
            throw thrown;
        }
    }
}
