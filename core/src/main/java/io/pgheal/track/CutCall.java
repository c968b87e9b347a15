package io.pgheal.track;

import java.sql.SQLException;

/** Distinguishes a driver call that was cut in the middle of the protocol from a call that merely failed. */
final class CutCall {
    private static final int DEPTH = 10;

    private CutCall() {}

    /**
     * An error always cuts the call, also as a cause inside an {@link SQLException}. Another unchecked exception cuts
     * only if it came from protocol code, or if its origin is unknown: misuse of the driver (a null, a wrong type)
     * leaves the connection clean.
     */
    static boolean isCutBy(Throwable thrown) {
        if (thrown instanceof Error) {
            return true;
        }
        Throwable cause = thrown.getCause();
        for (int depth = 0; cause != null && depth < DEPTH; depth++, cause = cause.getCause()) {
            if (cause instanceof Error) {
                return true;
            }
        }
        return !(thrown instanceof SQLException) && thrown instanceof RuntimeException && cameFromProtocol(thrown);
    }

    private static boolean cameFromProtocol(Throwable thrown) {
        int depth = 0;
        for (Throwable each = thrown; each != null && depth < DEPTH; depth++, each = each.getCause()) {
            StackTraceElement[] trace = each.getStackTrace();
            if (trace.length == 0) {
                return true; // the JVM omits the stack trace of exceptions that it throws often
            }
            for (StackTraceElement frame : trace) {
                String name = frame.getClassName();
                if (name.startsWith("org.postgresql.core.v3.") || name.startsWith("org.postgresql.core.PGStream")) {
                    return true;
                }
            }
        }
        return false;
    }
}
