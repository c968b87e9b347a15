package io.pgheal.track;

import org.jspecify.annotations.Nullable;

/** The open scopes and long transactions of each thread, the innermost first. Thread-safe. */
final class ThreadWork {
    @SuppressWarnings("ThreadLocalUsage") // one for each data source, gone with it
    private final ThreadLocal<@Nullable LeaseScope> scopes = new ThreadLocal<>();

    @SuppressWarnings("ThreadLocalUsage") // one for each data source, gone with it
    private final ThreadLocal<@Nullable LongTransaction> longTransactions = new ThreadLocal<>();

    /**
     * False as long as no scope was opened: then the thread-local is not read, because a read leaves an entry in each
     * thread.
     */
    private volatile boolean scoped;
    /** Like {@link #scoped}, for long transactions. */
    private volatile boolean isLong;

    /** The innermost scope of the calling thread. */
    @Nullable
    LeaseScope scope() {
        return scoped ? scopes.get() : null;
    }

    void begin(LeaseScope scope) {
        scoped = true;
        scopes.set(scope);
    }

    void end(LeaseScope scope) {
        LeaseScope current = scopes.get();
        while (current != null && current != scope) {
            current = current.outer(); // closes inner scopes that were never closed, too
        }
        if (current == null) {
            return; // closed already, or by another thread: keep the thread's current scope
        }
        LeaseScope outer = scope.outer();
        if (outer == null) {
            scopes.remove();
        } else {
            scopes.set(outer);
        }
    }

    /** The innermost long transaction of the calling thread. */
    @Nullable
    LongTransaction longTransaction() {
        return isLong ? longTransactions.get() : null;
    }

    void begin(LongTransaction work) {
        isLong = true;
        longTransactions.set(work);
    }

    void end(LongTransaction work) {
        LongTransaction current = longTransactions.get();
        while (current != null && current != work) {
            current = current.outer(); // ends inner ones that were never closed, too
        }
        if (current == null) {
            return;
        }
        LongTransaction outer = work.outer();
        if (outer == null) {
            longTransactions.remove();
        } else {
            longTransactions.set(outer);
        }
    }
}
