package io.pgheal.spring;

import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.task.TaskDecorator;

/** Makes a task, an asynchronous call or the handling of a message a unit of work. Nothing of its own reaches the work. */
final class TaskScopes {
    private static final String SUBMITTING = "org.springframework.aop.interceptor.AsyncExecutionInterceptor";

    private final ObjectProvider<GuardedDataSources> guarded;

    TaskScopes(ObjectProvider<GuardedDataSources> guarded) {
        this.guarded = guarded;
    }

    /** Decorates tasks around what the application's own decorator makes of them. */
    TaskDecorator around(@Nullable TaskDecorator own, String name) {
        return task -> {
            Runnable heard = SwallowedErrors.heard(task);
            Runnable decorated = own == null ? heard : own.decorate(heard);
            Thread submitter = Thread.currentThread();
            WorkScopes unit = WorkScopes.current();
            return () -> {
                if (Thread.currentThread() == submitter && WorkScopes.current() == unit) {
                    decorated.run(); // at once: a part of the submitter's own work, which goes on afterwards
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
            // Then its end proves less.
        }
        unit.close();
    }

    /** A future keeps its throwable to itself. */
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
     * The inside of an asynchronous call: where its executor is decorated, its throwable belongs to the task, for the outside
     * may swallow it; else it is a unit of work itself.
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
            tell(task, thrown);
            throw thrown;
        }
    }

    private static void tell(WorkScopes task, Throwable thrown) {
        try {
            if (!isOnTheCallersThread()) {
                task.failed(thrown);
            }
        } catch (Throwable ignored) {
            // Then its end proves less.
        }
    }

    /** An executor that runs the call at once, on the thread of somebody who goes on afterwards. */
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
