package io.pgheal.spring;

import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.task.TaskDecorator;

/**
 * Makes a task, an asynchronous call or the handling of a message a unit of work. Its own failures never reach the
 * work.
 */
final class TaskScopes {
    private static final String SUBMITTING = "org.springframework.aop.interceptor.AsyncExecutionInterceptor";

    private final ObjectProvider<GuardedDataSources> guarded;

    TaskScopes(ObjectProvider<GuardedDataSources> guarded) {
        this.guarded = guarded;
    }

    /** Decorates tasks outside of the application's own decorator. */
    TaskDecorator around(@Nullable TaskDecorator own, String name) {
        return task -> {
            Runnable heard = SwallowedErrors.heard(task);
            Runnable decorated = own == null ? heard : own.decorate(heard);
            Thread submitter = Thread.currentThread();
            WorkScopes unit = WorkScopes.current();
            return () -> {
                if (Thread.currentThread() == submitter && WorkScopes.current() == unit) {
                    decorated.run(); // part of the submitter's own work, which goes on afterwards
                } else {
                    run(name, task, decorated);
                }
            };
        };
    }

    private void run(String name, Runnable task, Runnable decorated) {
        WorkScopes unit = begin(name);
        try {
            decorated.run();
        } catch (Throwable thrown) {
            unit.failed(thrown);
            throw thrown;
        } finally {
            end(unit, task);
        }
    }

    private static void end(WorkScopes unit, Runnable task) {
        try {
            Throwable kept = keptBy(task);
            if (kept != null) {
                unit.failed(kept);
            }
        } catch (Throwable ignored) {
            // Without the failure, the end of the unit proves less.
        }
        unit.close();
    }

    /** The throwable that a future caught. */
    private static @Nullable Throwable keptBy(Runnable task) {
        if (!(task instanceof FutureTask<?> future) || !future.isDone() || future.isCancelled()) {
            return null;
        }
        try {
            ((Future<?>) future).get();
            return null;
        } catch (ExecutionException e) {
            return e.getCause() == null ? e : e.getCause();
        } catch (InterruptedException | CancellationException e) {
            return null;
        }
    }

    /**
     * The inside of an asynchronous call. Where its executor is decorated, the throwable counts for the task, because
     * the outside may swallow it; otherwise the call is a unit of work itself.
     */
    @Nullable
    Object asynchronously(MethodInvocation call) throws Throwable {
        WorkScopes task = WorkScopes.current();
        if (task == null) {
            return isOnTheCallersThread() ? call.proceed() : message(call, "@Async " + nameOf(call));
        }
        try {
            return call.proceed();
        } catch (Throwable thrown) {
            recordFailure(task, thrown);
            throw thrown;
        }
    }

    private static void recordFailure(WorkScopes task, Throwable thrown) {
        try {
            if (!isOnTheCallersThread()) {
                task.failed(thrown);
            }
        } catch (Throwable ignored) {
            // Without the failure, the end of the unit proves less.
        }
    }

    /** Whether the executor runs the call on the caller's thread, where the caller goes on afterwards. */
    private static boolean isOnTheCallersThread() {
        return StackWalker.getInstance()
                .walk(frames -> frames.anyMatch(frame -> frame.getClassName().equals(SUBMITTING)
                        && frame.getMethodName().equals("invoke")));
    }

    /** Handles a message, or makes a call, as a unit of work. */
    @Nullable
    Object message(MethodInvocation call, String name) throws Throwable {
        WorkScopes unit = begin(name);
        try {
            return call.proceed();
        } catch (Throwable thrown) {
            unit.failed(thrown);
            throw thrown;
        } finally {
            unit.close();
        }
    }

    static String nameOf(MethodInvocation call) {
        return call.getMethod().getDeclaringClass().getSimpleName() + "."
                + call.getMethod().getName();
    }

    WorkScopes begin(String name) {
        try {
            GuardedDataSources known = guarded.getIfAvailable();
            return known == null || known.byName().isEmpty()
                    ? WorkScopes.none()
                    : WorkScopes.begin(known.byName().values(), name);
        } catch (Throwable e) {
            return WorkScopes.none();
        }
    }
}
