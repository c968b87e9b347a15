package io.pgheal.spring;

import java.lang.reflect.Field;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.support.DelegatingErrorHandlingRunnable;
import org.springframework.util.ErrorHandler;
import org.springframework.util.ReflectionUtils;

/**
 * Spring's schedulers pass an error of a scheduled method to an error handler, which usually logs the error and
 * returns: to the code that runs the task, the task ends normally. This class records the error in the unit of work
 * first, where it can see the task and its handler: it can for a scheduler of virtual threads; a
 * {@code ThreadPoolTaskScheduler} hides both in a future.
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

    /**
     * The same task with its handler; the task itself where it has no handler or the handler cannot be read: then the
     * end of the unit proves less.
     */
    static Runnable heard(Runnable task) {
        if (!(task instanceof DelegatingErrorHandlingRunnable) || DELEGATE == null || HANDLER == null) {
            return task;
        }
        try {
            Object delegate = DELEGATE.get(task);
            Object handler = HANDLER.get(task);
            return delegate instanceof Runnable work && handler instanceof ErrorHandler own
                    ? new DelegatingErrorHandlingRunnable(() -> runAndRecord(work), own)
                    : task;
        } catch (ReflectiveOperationException | RuntimeException e) {
            return task;
        }
    }

    private static void runAndRecord(Runnable work) {
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
