package io.pgheal.track;

import io.pgheal.postgres.StatementText;
import org.jspecify.annotations.Nullable;

/**
 * What a statement's text has in common with the texts that differ only in their values: the text without literals and
 * comments, and no longer than what is shown to people.
 */
final class StatementShape {
    private static final int REMEMBERED = 128; // a power of two
    private static final int LONGEST_REMEMBERED = 2000;

    /**
     * Shapes that were made before, by the hash of the text. Read and written without synchronization, because an entry
     * is immutable.
     */
    private static final @Nullable Known[] KNOWN = new Known[REMEMBERED];

    private record Known(String text, String shape) {}

    private StatementShape() {}

    /** The empty text where there is no statement. */
    static String of(@Nullable String text) {
        if (text == null) {
            return "";
        }
        int index = text.hashCode() & (REMEMBERED - 1);
        Known known = KNOWN[index];
        if (known != null && known.text().equals(text)) {
            return known.shape();
        }
        String shape = StatementText.cutLiterals(text);
        if (text.length() <= LONGEST_REMEMBERED) {
            KNOWN[index] = new Known(text, shape);
        }
        return shape;
    }
}
