package io.pgheal.track;

import java.sql.SQLException;

/** Tells a driver call that was cut in the middle of the protocol from one that merely failed. */
final class CutCall {
    private static final int DEPTH = 10;

    private CutCall() {}

    /**
     * An error always cuts, and so does one inside an {@link SQLException}. Another unchecked exception cuts only if it
     * came from inside the protocol, or if nobody can tell: misuse of the driver (a null, a wrong type) leaves the
     * connection clean.
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
                return true; // the JVM leaves the trace out of exceptions that it throws often
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
