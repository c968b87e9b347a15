package io.pgheal.track;

/**
 * How many stacks of other threads one look may read: each takes tens of microseconds, and a look at ten thousand leases
 * must not become a pause. Those that find none left are looked at the next time. Leases that are busy cannot use up what
 * those need that have been quiet for a while.
 */
final class StackLooks {
    private static final int IN_ONE_LOOK = 64;

    private int ofBusy = IN_ONE_LOOK;
    private int ofQuiet = IN_ONE_LOOK;

    boolean take(boolean quiet) {
        return quiet ? ofQuiet-- > 0 : ofBusy-- > 0;
    }
}
