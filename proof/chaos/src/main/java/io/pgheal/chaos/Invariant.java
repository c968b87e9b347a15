package io.pgheal.chaos;

/** What must be zero at the end. */
enum Invariant {
    INNOCENT_TOUCHED("innocents touched"),
    JUDGEMENT_REFUTED("refutations"),
    MONEY_LOST("money lost"),
    COMMIT_MISSING("reported commits missing"),
    FAILURE_PRESENT("reported failures present"),
    WRONG_ANSWER("wrong answers to next borrowers"),
    LEAK_NOT_HEALED("leaks not healed within their bound"),
    RETAINED_NOT_TOLD("kept connections that were not told as retained"),
    OUTCOME_UNKNOWN("outcomes unknown although nothing broke the connection"),
    UNEXPLAINED("failures that nothing explains"),
    THREAD_LEFT("threads left"),
    CONNECTION_LEFT("connections left"),
    LEASE_LEFT("leases left"),
    HEALER_LOST("healer not well at the end");

    final String words;

    Invariant(String words) {
        this.words = words;
    }
}
