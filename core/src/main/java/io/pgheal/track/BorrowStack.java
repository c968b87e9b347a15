package io.pgheal.track;

import java.lang.StackWalker.StackFrame;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a connection was borrowed: the innermost frames that belong to the application, else the innermost of all.
 * Frames are kept as the JVM gave them and turned into text only when the story is told.
 */
final class BorrowStack {
    static final BorrowStack NONE = new BorrowStack(List.of());

    private static final int WALKED_AT_MOST = 200;
    private static final StackWalker WALKER = StackWalker.getInstance();

    /** Frames of these say nothing about who borrowed. */
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

    private final List<StackFrame> frames;

    private BorrowStack(List<StackFrame> frames) {
        this.frames = frames;
    }

    /** At most {@code depth} frames of the calling thread. */
    static BorrowStack capture(int depth) {
        if (depth == 0) {
            return NONE;
        }
        return new BorrowStack(WALKER.walk(stack -> {
            List<StackFrame> own = new ArrayList<>(depth);
            List<StackFrame> any = new ArrayList<>(depth);
            var frames = stack.limit(WALKED_AT_MOST).iterator();
            while (frames.hasNext() && own.size() < depth) {
                StackFrame frame = frames.next();
                String className = frame.getClassName();
                if (!isInfrastructure(className)) {
                    own.add(frame);
                } else if (any.size() < depth && !isBelow(className)) {
                    any.add(frame);
                }
            }
            return own.isEmpty() ? any : own;
        }));
    }

    /** What stands between the borrower and the pool, whoever the borrower is. */
    private static boolean isBelow(String className) {
        return className.startsWith("io.pgheal.")
                || className.startsWith("net.ttddyy.dsproxy.")
                || className.startsWith("com.zaxxer.hikari.")
                || className.startsWith("java.");
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
        return frames.stream()
                .map(frame -> frame.toStackTraceElement().toString())
                .toList();
    }

    /** The place in the code that borrowed, or the empty text when no stack was kept. */
    String site() {
        return frames.isEmpty() ? "" : frames.get(0).toStackTraceElement().toString();
    }
}
