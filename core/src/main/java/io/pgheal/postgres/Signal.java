package io.pgheal.postgres;

import io.pgheal.Internal;

/** What became of a signal. A signal that was sent is not yet a transaction that is gone. */
@Internal
public enum Signal {
    /** The server has signalled the backend. */
    SENT,
    /** Nothing was sent: the backend is not in the judged moment any more, or it is committing. Judge again. */
    MOVED_ON,
    /** Our role may not signal that backend (42501). Asking again is pointless. */
    DENIED,
    /** The server tried and could not. */
    FAILED
}
