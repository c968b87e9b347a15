package io.pgheal.track;

import java.util.Set;

/**
 * Whether a thread waits in its executor for its next task: the method that fetches tasks stands directly above the
 * only {@code runWorker} of the stack. Below it may stand the code of a thread factory, above it the queue. Code of the
 * application that waits in a queue inside its task has a {@code runWorker} further down, and is alive.
 */
final class IdleWorker {
    private static final Set<String> FETCHES = Set.of(
            "java.util.concurrent.ThreadPoolExecutor.getTask",
            "java.util.concurrent.ForkJoinPool.awaitWork",
            "java.util.concurrent.ForkJoinPool.deactivate",
            "org.apache.tomcat.util.threads.ThreadPoolExecutor.getTask");

    private IdleWorker() {}

    /** @param stack the innermost frame first, as {@link Thread#getStackTrace()} gives it */
    static boolean isIdle(StackTraceElement[] stack) {
        int worker = -1;
        for (int i = 0; i < stack.length; i++) {
            if (isRunWorker(stack[i])) {
                if (worker >= 0) {
                    return false;
                }
                worker = i;
            }
        }
        if (worker < 1) {
            return false;
        }
        StackTraceElement above = stack[worker - 1];
        return FETCHES.contains(above.getClassName() + "." + above.getMethodName())
                && above.getClassName().equals(stack[worker].getClassName());
    }

    private static boolean isRunWorker(StackTraceElement frame) {
        return frame.getMethodName().equals("runWorker")
                && (frame.getClassName().endsWith(".ThreadPoolExecutor")
                        || frame.getClassName().equals("java.util.concurrent.ForkJoinPool"));
    }
}
