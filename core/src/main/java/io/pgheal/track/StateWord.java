package io.pgheal.track;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;

/**
 * One word that decides every race over a lease: a call sequence, a count of calls, and flags that are never cleared.
 * Only the named moves below change the word. Each move is one step that comes last in its method, so that a stack
 * overflow cuts the method either wholly before or wholly after the step.
 *
 * <pre>
 *  bits  0..39  sequence: how many calls have begun
 *  bits 40..55  calls that have begun, less those that ended otherwise than by {@link #exitOwn}
 *  bit  59      CLOSE_REFUSED: close() was called and did not have the stack to do it
 *  bit  60      POISONED: an error cut a driver call; the connection is used no more
 *  bit  61      REVOKED: the healing side fenced the lease; every call is refused
 *  bit  62      CLOSED: the application closed it
 *  bit  63      TAKEN: a thread has taken the duty of giving the connection back
 * </pre>
 *
 * <p>The one move beside the word is the end of an uncut call on the owner's thread, which is the end of nearly every
 * call: the owner counts it in a field of its own, by an ordered write, which waits for nothing. That count only grows,
 * and a call that is over never begins again. So whoever reads the word, finds the two counts equal, and then changes
 * the word by a step that fails if it is another one by then, knows that no call is in progress. Whoever only reads
 * knows it of a word that has not changed since. Where a call began in between, the difference may be anything: also
 * zero while a call of another thread is in progress. Each such call raises the sequence, so that a fence by the older
 * one fails.
 *
 * <p>Thread-safe. A lease extends this class instead of holding an instance: each further object costs at each borrow, and
 * every call uses the word. The updater is an ordinary object with ordinary methods, linked when this class is
 * initialized. A {@code VarHandle} is linked at each place of its use, and that takes more stack than there may be.
 */
class StateWord {
    private static final AtomicLongFieldUpdater<StateWord> WORD =
            AtomicLongFieldUpdater.newUpdater(StateWord.class, "word");
    private static final AtomicIntegerFieldUpdater<StateWord> ENDED_BY_OWNER =
            AtomicIntegerFieldUpdater.newUpdater(StateWord.class, "endedByOwner");
    static final long SEQUENCE = (1L << 40) - 1;
    private static final long ONE_CALL = 1L << 40;
    private static final long CALLS = 0xFFFFL << 40;
    private static final long FLAGS = ~(SEQUENCE | CALLS);
    private static final long CLOSE_REFUSED = 1L << 59;
    private static final long POISONED = 1L << 60;
    private static final long REVOKED = 1L << 61;
    private static final long CLOSED = 1L << 62;
    private static final long TAKEN = 1L << 63;
    private static final long ENDED = REVOKED | CLOSED | TAKEN;

    private volatile long word;
    /** Modulo the number of counts that the word has room for. */
    private volatile int endedByOwner;

    final long word() {
        return word;
    }

    /** A call begins. Refused, and the word unchanged, once the lease is poisoned, revoked or closed. */
    final boolean tryEnter() {
        while (true) {
            long seen = word;
            if ((seen & (POISONED | ENDED)) != 0) {
                return false;
            }
            long next = (seen & FLAGS) | ((seen + ONE_CALL) & CALLS) | ((seen + 1) & SEQUENCE);
            if (compareAndSet(seen, next)) {
                return true;
            }
        }
    }

    /** A call ended without being cut, on any thread. */
    void exit() {
        while (true) {
            long seen = word;
            if (compareAndSet(seen, oneCallLess(seen))) {
                return;
            }
        }
    }

    /** A call of the owner's thread ended without being cut. Only for this one thread. */
    final void exitOwn() {
        ENDED_BY_OWNER.lazySet(this, endedByOwner + 1);
    }

    private static long oneCallLess(long seen) {
        return (seen & ~CALLS) | ((seen - ONE_CALL) & CALLS);
    }

    /** A call was cut by an error: the call ends and the connection is poisoned in the same step. */
    final void exitPoisoned() {
        while (true) {
            long seen = word;
            if (compareAndSet(seen, oneCallLess(seen) | POISONED)) {
                return;
            }
        }
    }

    /**
     * The fence. Succeeds only if no call has begun since {@code judgedSequence} was read and none is in progress
     * (unless {@code callsAreStale}: it was proven that the calls in progress can never go on). On success the caller
     * must give the connection back.
     */
    final boolean tryRevoke(long judgedSequence, boolean callsAreStale) {
        while (true) {
            long seen = word;
            if ((seen & ENDED) != 0
                    || sequence(seen) != judgedSequence
                    || (callsInProgress(seen) != 0 && !callsAreStale)) {
                return false;
            }
            if (compareAndSet(seen, seen | REVOKED | TAKEN)) {
                return true;
            }
        }
    }

    /**
     * Takes the duty of giving back a lease that is poisoned, or whose {@code close()} was refused or cut. Fails while
     * a call is in progress, unless it is stale, and if another thread has already taken the duty.
     */
    final boolean tryTake(boolean callsAreStale) {
        while (true) {
            long seen = word;
            if ((seen & TAKEN) != 0
                    || (seen & (POISONED | CLOSE_REFUSED)) == 0
                    || (callsInProgress(seen) != 0 && !callsAreStale)) {
                return false;
            }
            if (compareAndSet(seen, seen | TAKEN)) {
                return true;
            }
        }
    }

    /**
     * The application closes the connection. {@link Closing#CLEAN}: the caller gives the connection back as it is.
     * {@link Closing#CUT}: a call is still in progress or was cut, so the caller must abort. {@link Closing#ENDED}:
     * nothing to do.
     */
    final Closing tryClose() {
        while (true) {
            long seen = word;
            if ((seen & CLOSED) != 0) {
                return Closing.ENDED;
            }
            boolean taken = (seen & TAKEN) != 0;
            boolean cut = (seen & POISONED) != 0 || callsInProgress(seen) != 0;
            if (compareAndSet(seen, seen | CLOSED | TAKEN)) {
                return taken ? Closing.ENDED : cut ? Closing.CUT : Closing.CLEAN;
            }
        }
    }

    private boolean compareAndSet(long seen, long next) {
        return WORD.compareAndSet(this, seen, next);
    }

    /** An earlier call of the same thread was cut unnoticed: see {@link Lease#enter}. */
    final void poison() {
        add(POISONED);
    }

    /** There was not enough stack to close: leaves the closing to the healing side. */
    final void refuseClose() {
        add(CLOSE_REFUSED);
    }

    /** No lambda: its first use takes more stack to link than there is when these moves are needed. */
    private void add(long flag) {
        while (true) {
            long seen = word;
            if (compareAndSet(seen, seen | flag)) {
                return;
            }
        }
    }

    enum Closing {
        CLEAN,
        CUT,
        ENDED
    }

    static long sequence(long word) {
        return word & SEQUENCE;
    }

    /** Calls in progress, if the word is still so: no fewer than there are. For a word that has changed it is no answer. */
    final int callsInProgress(long seen) {
        return (int) (((seen >>> 40) - endedByOwner) & 0xFFFF);
    }

    final int callsInProgress() {
        return callsInProgress(word);
    }

    static boolean isPoisoned(long word) {
        return (word & POISONED) != 0;
    }

    /** Whether calls are refused, also those that stay in memory. */
    static boolean isFenced(long word) {
        return (word & (POISONED | ENDED)) != 0;
    }

    /** Whether an error cut the connection, and neither the healing side nor the application has ended the lease. */
    static boolean isCut(long word) {
        return (word & (POISONED | REVOKED | CLOSED)) == POISONED;
    }

    static boolean isRevoked(long word) {
        return (word & REVOKED) != 0;
    }

    static boolean isClosed(long word) {
        return (word & CLOSED) != 0;
    }

    static boolean isTaken(long word) {
        return (word & TAKEN) != 0;
    }

    static boolean isCloseRefused(long word) {
        return (word & CLOSE_REFUSED) != 0;
    }

    @Override
    public String toString() {
        long seen = word;
        return "sequence " + sequence(seen) + ", calls in progress " + callsInProgress(seen)
                + (isPoisoned(seen) ? ", poisoned" : "")
                + (isRevoked(seen) ? ", revoked" : "")
                + (isClosed(seen) ? ", closed" : "")
                + (isTaken(seen) ? ", taken" : "")
                + (isCloseRefused(seen) ? ", close refused" : "");
    }
}
