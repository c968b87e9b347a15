package io.pgheal.track;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Why a statement waited until it failed. Never thrown: pgheal adds it as a <em>suppressed</em> exception to the
 * driver's exception, which stays as it is, if the healing loop knew the lock holder by then. Immutable, without a
 * stack trace of its own. The healing side makes it while the statement still waits, so that the failing thread only
 * reads it.
 */
public final class HeldUpException extends Exception {
    private static final long serialVersionUID = 1L;

    static final int DEEPEST = 16;

    private final LockHolder holder;

    /** @param holder of the lock that the statement waited for */
    public HeldUpException(LockHolder holder) {
        super(holder.message(), null, false, false);
        this.holder = holder;
    }

    public LockHolder holder() {
        return holder;
    }

    /** The holder that pgheal added to this exception or to one of its causes, if there is one. */
    public static Optional<LockHolder> in(@Nullable Throwable thrown) {
        Throwable each = thrown;
        for (int depth = 0; each != null && depth < DEEPEST; depth++, each = each.getCause()) {
            for (Throwable suppressed : each.getSuppressed()) {
                if (suppressed instanceof HeldUpException note) {
                    return Optional.of(note.holder());
                }
            }
        }
        return Optional.empty();
    }
}
