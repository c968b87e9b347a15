package io.pgheal.track;

import io.pgheal.Internal;
import org.jspecify.annotations.Nullable;

/**
 * The end of the scope of a lease that was still open.
 *
 * @param thrown class of the throwable that ended the scope, if one did
 * @param ownedByApplication whether the application opened the scope by its own code
 * @param insideTransaction whether a transaction of the thread was already active when the scope began: then the lease
 *     belongs to something outside it
 * @param asynchronous whether the work goes on elsewhere, or was ended by another thread than the one that began it
 * @param sequence the lease's call sequence at that moment; a later call takes the evidence back
 * @param callWasCut whether a call or a close of the ending thread itself was still in progress, which can only have been cut
 */
@Internal
public record ScopeEnd(
        String scope,
        @Nullable String thrown,
        boolean ownedByApplication,
        boolean insideTransaction,
        boolean asynchronous,
        long sequence,
        int touches,
        boolean callWasCut) {

    /** Whether the scope was nobody else's part, and its end was not the ordinary one of a framework's. */
    public boolean isProof() {
        return !insideTransaction && !asynchronous && (thrown != null || ownedByApplication);
    }
}
