package io.pgheal.track;

import io.pgheal.Internal;
import org.jspecify.annotations.Nullable;

/**
 * The end of a scope in which a lease was still open.
 *
 * @param thrown class of the throwable that ended the scope, if one did
 * @param ownedByApplication whether the application's own code opened the scope
 * @param insideTransaction whether a transaction of the thread was already active when the scope began: then the lease
 *     belongs to a transaction outside the scope
 * @param asynchronous whether the work continues elsewhere, or a thread other than the one that began the work ended it
 * @param sequence the lease's call sequence at that moment; a later call withdraws the evidence
 * @param passedOn whether the lease passed to an enclosing scope: by itself this end is no evidence then
 * @param callWasCut whether a call or a close of the ending thread was still in progress: such a call can only have
 *     been cut
 */
@Internal
public record ScopeEnd(
        String scope,
        @Nullable String thrown,
        boolean ownedByApplication,
        boolean insideTransaction,
        boolean asynchronous,
        boolean passedOn,
        long sequence,
        int touches,
        boolean callWasCut) {

    /**
     * Whether the scope was complete by itself (no outer transaction, not asynchronous), and ended by a throwable or
     * was opened by the application.
     */
    public boolean isProof() {
        return !insideTransaction && !asynchronous && (thrown != null || ownedByApplication);
    }
}
