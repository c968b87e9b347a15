package io.pgheal.testserver;

import java.io.PrintStream;
import java.lang.management.LockInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.MonitorInfo;
import java.lang.management.ThreadInfo;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionEvaluationListener;
import org.awaitility.core.EvaluatedCondition;
import org.awaitility.core.TimeoutEvent;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.PreInterruptCallback;
import org.junit.jupiter.api.extension.PreInterruptContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * How long a test waits for what must happen, how often it looks, and what it leaves behind when it did not: all threads,
 * with what they hold and wait for, at the moment when the time is up. Registered for every test by {@code
 * META-INF/services}, where {@code junit.jupiter.extensions.autodetection.enabled} is true.
 */
public final class Patience
        implements PreInterruptCallback, TestExecutionExceptionHandler, ConditionEvaluationListener<Object> {
    /** No test takes so long on any machine, unless something is wrong. */
    public static final Duration PATIENCE = Duration.ofSeconds(30);

    /** What a test waits for has mostly happened by then: what is added at each wait is much of what all tests take. */
    private static final Duration BETWEEN_TWO_LOOKS = Duration.ofMillis(10);

    /** A test may replace it. */
    private static final PrintStream ERR = System.err;

    private volatile boolean interrupted;

    /** By JUnit. */
    public Patience() {
        Awaitility.setDefaultTimeout(PATIENCE);
        Awaitility.setDefaultPollInterval(BETWEEN_TWO_LOOKS);
        Awaitility.setDefaultConditionEvaluationListener(this);
    }

    /** A time-out of JUnit's. */
    @Override
    public void beforeThreadInterrupt(PreInterruptContext thread, ExtensionContext context) {
        interrupted = true;
        dump(context.getUniqueId() + ": " + thread.getThreadToInterrupt().getName() + " is interrupted");
    }

    /** A time-out of Awaitility's. */
    @Override
    public void onTimeout(TimeoutEvent timeout) {
        dump(timeout.getDescription());
    }

    @Override
    public void conditionEvaluated(EvaluatedCondition<Object> condition) {
        // only its end is of interest
    }

    /** A time-out of a future's. */
    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable thrown) throws Throwable {
        if (thrown instanceof TimeoutException && !interrupted) {
            dump(context.getUniqueId() + ": " + thrown);
        }
        interrupted = false;
        throw thrown;
    }

    private static void dump(String why) {
        StringBuilder text = new StringBuilder("The time is up: ").append(why).append('\n');
        for (ThreadInfo thread : ManagementFactory.getThreadMXBean().dumpAllThreads(true, true)) {
            text.append('\n')
                    .append('"')
                    .append(thread.getThreadName())
                    .append("\" ")
                    .append(thread.getThreadState());
            if (thread.getLockName() != null) {
                text.append(" on ").append(thread.getLockName());
            }
            if (thread.getLockOwnerName() != null) {
                text.append(" held by \"").append(thread.getLockOwnerName()).append('"');
            }
            text.append('\n');
            StackTraceElement[] stack = thread.getStackTrace();
            for (int depth = 0; depth < stack.length; depth++) {
                text.append("    at ").append(stack[depth]).append('\n');
                for (MonitorInfo monitor : thread.getLockedMonitors()) {
                    if (monitor.getLockedStackDepth() == depth) {
                        text.append("    holds ").append(monitor).append('\n');
                    }
                }
            }
            for (LockInfo lock : thread.getLockedSynchronizers()) {
                text.append("    holds ").append(lock).append('\n');
            }
        }
        ERR.println(text);
    }

    static String text(Thread thread, StackTraceElement[] stack) {
        return "\"" + thread.getName() + "\" " + thread.getState() + "\n    at "
                + String.join(
                        "\n    at ", Arrays.stream(stack).map(Object::toString).toList());
    }
}
