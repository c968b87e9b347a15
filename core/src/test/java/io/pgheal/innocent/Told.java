package io.pgheal.innocent;

import java.util.function.Predicate;

/** What is told of an innocent, wherever something is told. */
enum Told {
    ANYTHING(reason -> true),
    NOTHING(reason -> false),
    /** That something still refers to it, and what its user may set. */
    RETAINED(reason -> reason.contains("retained: ")
            && (reason.contains("abandoned.retained=heal") || reason.contains("tables.<table>.idle-blocker-timeout"))),
    /** That its transaction is its manager's to end. */
    GLOBAL(reason -> reason.contains("a global one (JTA)")),
    /** That it may hold on purpose what nobody waits for. */
    LEADS(reason -> reason.contains("it may lead")),
    /** Somebody waits for the row of a leader. */
    RETAINED_LEADER(RETAINED.isSaid) {
        @Override
        Told whereNobodyWaits() {
            return LEADS;
        }
    };

    private final Predicate<String> isSaid;

    Told(Predicate<String> isSaid) {
        this.isSaid = isSaid;
    }

    Told whereNobodyWaits() {
        return this;
    }

    boolean isSaidBy(String reason) {
        return isSaid.test(reason);
    }
}
