package io.pgheal.track;

import org.jspecify.annotations.Nullable;

/** What each thread is at: its scopes and its long transactions, the innermost first. Thread-safe. */
final class ThreadWork {
    @SuppressWarnings("ThreadLocalUsage") // one for each data source, gone with it
    private final ThreadLocal<@Nullable LeaseScope> scopes = new ThreadLocal<>();

    @SuppressWarnings("ThreadLocalUsage") // one for each data source, gone with it
    private final ThreadLocal<@Nullable LongTransaction> longTransactions = new ThreadLocal<>();

    /** Where there are no scopes, threads need not be asked for theirs; asking leaves an entry in each. */
    private volatile boolean scoped;
    /** As for {@link #scoped}. */
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
            current = current.outer(); // an inner scope that was never closed is left with this one
        }
        if (current == null) {
            return; // closed by another thread, or already: the thread's own scope stands
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
            current = current.outer(); // an inner one that was never closed ends with this one
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
