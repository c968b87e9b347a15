package io.pgheal.detect;

/** The kinds of evidence that a lease is abandoned. */
public enum EvidenceKind {
    /** The application's handle was collected without {@code close()}. */
    HANDLE_UNREACHABLE,
    /** The unit of work that borrowed it is over. */
    SCOPE_ENDED,
    /** The one thread that used it has terminated. */
    OWNER_ENDED,
    /** An error passed through the connection: reported with the incident, but no proof of anything. */
    FATAL_ERROR
}
