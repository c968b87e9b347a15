package io.pgheal.track;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a connection was borrowed: the innermost frames that belong to the application, else the innermost of all. A
 * throwable takes the frames, because the JVM fills it in several times faster than a stack walk: under a framework the
 * walk would have to visit nearly all frames. Frames are selected and turned into text only when an incident is
 * reported.
 */
final class BorrowStack {
    static final BorrowStack NONE = new BorrowStack(null, 0);

    /** Frames of these packages and classes do not identify the borrower. */
    private static final String[] INFRASTRUCTURE = {
        "java.",
        "javax.",
        "jdk.",
        "sun.",
        "jakarta.",
        "io.pgheal.track.",
        "io.pgheal.SelfHealingDataSource",
        "io.pgheal.spring.",
        "com.zaxxer.hikari.",
        "net.ttddyy.dsproxy.",
        "org.springframework.",
        "org.apache.catalina.",
        "org.apache.coyote.",
        "org.apache.tomcat.",
        "org.eclipse.jetty.",
        "io.undertow.",
        "org.hibernate.",
        "org.jooq.",
        "io.micrometer."
    };

    private final @Nullable Trace trace;
    private final int depth;
    private volatile @Nullable List<String> lines;

    private BorrowStack(@Nullable Trace trace, int depth) {
        this.trace = trace;
        this.depth = depth;
    }

    /** At most {@code depth} frames of the calling thread. */
    static BorrowStack capture(int depth) {
        return depth == 0 ? NONE : new BorrowStack(new Trace(), depth);
    }

    /** Never thrown. */
    @SuppressWarnings("serial")
    private static final class Trace extends Throwable {
        Trace() {
            super(null, null, false, true);
        }
    }

    /** Whether the class lies between the borrower and the pool in every stack. */
    private static boolean isBelow(String className) {
        return className.startsWith("io.pgheal.")
                || className.startsWith("net.ttddyy.dsproxy.")
                || className.startsWith("com.zaxxer.hikari.")
                || className.startsWith("java.")
                || className.startsWith("jdk.");
    }

    private static boolean isInfrastructure(String className) {
        for (String prefix : INFRASTRUCTURE) {
            if (className.startsWith(prefix)) {
                return true;
            }
        }
        return false;
    }

    /** Class, method and line of each frame, the innermost first. */
    List<String> lines() {
        List<String> known = lines;
        if (known == null) {
            known = trace == null ? List.of() : chosen(trace.getStackTrace(), depth);
            lines = known;
        }
        return known;
    }

    private static List<String> chosen(StackTraceElement[] frames, int depth) {
        List<String> own = new ArrayList<>(depth);
        List<String> any = new ArrayList<>(depth);
        for (StackTraceElement frame : frames) {
            String className = frame.getClassName();
            if (!isInfrastructure(className)) {
                own.add(frame.toString());
                if (own.size() == depth) {
                    break;
                }
            } else if (any.size() < depth && !isBelow(className)) {
                any.add(frame.toString());
            }
        }
        return List.copyOf(own.isEmpty() ? any : own);
    }
}
