package io.pgheal.track;

import org.jspecify.annotations.Nullable;

/**
 * The little that pgheal reads from the text of statements, and always in order to do less: a session that listens or
 * holds an advisory lock is not reclaimed without a transaction, and a cut COMMIT is never reported as rolled back.
 */
final class SessionBound {
    private static final int REMEMBERED = 128; // a power of two
    private static final int LONGEST_REMEMBERED = 2000;

    /**
     * Texts that were read and bind nothing to the session: an application runs the same few again and again. Indexed
     * by the text's hash, which a string caches and the driver needs anyway; a later text replaces an earlier one. Read
     * and written without synchronization: a string is immutable, and an entry needs nothing beside it.
     */
    private static final @Nullable String[] BINDS_NOTHING = new String[REMEMBERED];

    private SessionBound() {}

    /** Whether the statement leaves state in the session that outlasts its transaction. */
    static boolean byStatement(String sql) {
        if (sql.length() > LONGEST_REMEMBERED) {
            return mayBind(sql) && binds(sql);
        }
        int index = sql.hashCode() & (REMEMBERED - 1);
        if (sql.equals(BINDS_NOTHING[index])) {
            return false;
        }
        boolean binds = mayBind(sql) && binds(sql);
        if (!binds) {
            BINDS_NOTHING[index] = sql;
        }
        return binds;
    }

    /** One pass that copies nothing: called often, and most texts contain none of these words. */
    private static boolean mayBind(String sql) {
        for (int i = 0, last = sql.length() - "listen".length(); i <= last; i++) {
            switch (sql.charAt(i) | 0x20) { // the lower case of a letter
                case 'a' -> {
                    if (at(sql, i, "advisory")) {
                        return true;
                    }
                }
                case 'l' -> {
                    if (at(sql, i, "listen")) {
                        return true;
                    }
                }
                default -> {}
            }
        }
        return false;
    }

    private static boolean binds(String sql) {
        return binds(new StatementWords(sql, true)) || (hasTwoReadings(sql) && binds(new StatementWords(sql, false)));
    }

    /** The code inside a DO is not parsed: where it contains such a word anywhere, it counts as binding. */
    private static boolean binds(StatementWords words) {
        while (words.next()) {
            if (words.isFirst() && (words.is("listen") || words.is("do"))) {
                return true;
            }
            if ((words.startsWith("pg_advisory_") || words.startsWith("pg_try_advisory_")) && words.isCalled()) {
                return true;
            }
        }
        return false;
    }

    /** Whether the statement may end the transaction by a commit. A false yes only makes the report more careful. */
    static boolean commits(@Nullable String sql) {
        return sql == null
                || commits(new StatementWords(sql, true))
                || (hasTwoReadings(sql) && commits(new StatementWords(sql, false)));
    }

    private static boolean commits(StatementWords words) {
        boolean prepares = false;
        while (words.next()) {
            if (words.isFirst()) {
                if (words.is("commit") || words.is("end") || words.is("call") || words.is("do")) {
                    return true;
                }
                prepares = words.is("prepare");
            } else if (prepares) {
                if (words.is("transaction")) {
                    return true;
                }
                prepares = false;
            }
        }
        return false;
    }

    /** Whether the statement says NOWAIT. A false yes only keeps a failure from being reported. */
    static boolean doesNotWait(@Nullable String sql) {
        if (sql == null || !contains(sql, "nowait")) {
            return false;
        }
        var words = new StatementWords(sql, true);
        while (words.next()) {
            if (words.is("nowait") || (words.isFirst() && words.is("do"))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether a plain literal contains a backslash, whose meaning depends on a server setting; then both readings
     * count.
     */
    private static boolean hasTwoReadings(String sql) {
        return sql.indexOf('\\') >= 0;
    }

    private static boolean contains(String sql, String word) {
        for (int i = 0, last = sql.length() - word.length(); i <= last; i++) {
            if (at(sql, i, word)) {
                return true;
            }
        }
        return false;
    }

    private static boolean at(String sql, int index, String word) {
        return sql.regionMatches(true, index, word, 0, word.length());
    }
}
