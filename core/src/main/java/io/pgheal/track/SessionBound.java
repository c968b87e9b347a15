package io.pgheal.track;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The little that is read from the text of statements, and always to do less: a session that listens or holds an
 * advisory lock is not reclaimed without a transaction, and a cut COMMIT is never told as rolled back.
 */
final class SessionBound {
    private static final int REMEMBERED = 128; // a power of two
    private static final int LONGEST_REMEMBERED = 2000;

    /**
     * Texts that were read and bind nothing: an application runs the same few again and again. By the hash of the text,
     * which a string keeps and the driver asks for anyway; the last one read stays. Written and read without an order, for a
     * string is immutable and an entry says all by being there.
     */
    private static final @Nullable String[] BINDS_NOTHING = new String[REMEMBERED];

    private SessionBound() {}

    /** Whether the statement binds something to the session that outlasts its transaction. */
    static boolean byStatement(String sql) {
        if (sql.length() > LONGEST_REMEMBERED) {
            return isReadIn(sql);
        }
        int index = sql.hashCode() & (REMEMBERED - 1);
        if (sql.equals(BINDS_NOTHING[index])) {
            return false;
        }
        boolean binds = isReadIn(sql);
        if (!binds) {
            BINDS_NOTHING[index] = sql;
        }
        return binds;
    }

    /** One pass: it is asked often. */
    private static boolean isReadIn(String sql) {
        for (int i = 0, last = sql.length() - "copy".length(); i <= last; i++) {
            switch (sql.charAt(i) | 0x20) { // the lower case of a letter
                case 'a' -> {
                    if (at(sql, i, "advisory")) {
                        return true;
                    }
                }
                case 'c' -> {
                    if (at(sql, i, "copy")) {
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

    /** Whether the statement may end the transaction by a commit. A false yes only makes the story more careful. */
    static boolean commits(@Nullable String sql) {
        return sql == null
                || contains(sql, "commit")
                || contains(sql, "prepare transaction")
                || sql.stripLeading().toLowerCase(Locale.ROOT).startsWith("end")
                || contains(sql, "call ")
                || contains(sql, "do ");
    }

    /** Whether the statement says NOWAIT. A false yes only keeps a failure from being told. */
    static boolean doesNotWait(@Nullable String sql) {
        return sql != null && contains(sql, "nowait");
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
