package io.pgheal.track;

import org.postgresql.core.Parser;

/**
 * The words of a text of one or more statements, as the server reads them: none in comments, in literals or in the body of
 * a function. What ends a comment or a literal is the driver's knowledge.
 */
final class StatementWords {
    private final char[] text;
    private final boolean standardStrings;
    private int at;
    private int start;
    private int end;
    private boolean quoted;
    private boolean first;
    private boolean nextIsFirst = true;

    /** @param standardStrings whether a backslash in a plain literal is nothing but a backslash */
    StatementWords(String sql, boolean standardStrings) {
        this.text = sql.toCharArray();
        this.standardStrings = standardStrings;
    }

    /** Goes on to the next word, a quoted name being one, or tells by false that there is none. */
    boolean next() {
        while (at < text.length) {
            char c = text[at];
            int skipped = skipped(c);
            if (skipped > at) {
                at = skipped;
            } else if (c == '"') {
                start = at + 1;
                end = Parser.parseDoubleQuotes(text, at);
                at = end + 1;
                return found(true);
            } else if (Parser.isIdentifierStartChar(c)) {
                start = at;
                while (at < text.length && Parser.isIdentifierContChar(text[at])) {
                    at++;
                }
                end = at;
                return found(false);
            } else {
                nextIsFirst |= c == ';';
                at++;
            }
        }
        return false;
    }

    private boolean found(boolean inQuotes) {
        quoted = inQuotes;
        first = nextIsFirst;
        nextIsFirst = false;
        return true;
    }

    /** Where the comment, the literal or the number that begins here is over; here, if none does. */
    private int skipped(char c) {
        return switch (c) {
            case '\'' -> Parser.parseSingleQuotes(text, at, standardStrings) + 1;
            case '-' -> after(Parser.parseLineComment(text, at));
            case '/' -> after(Parser.parseBlockComment(text, at));
            case '$' -> Math.max(after(Parser.parseDollarQuotes(text, at)), at + 1);
            default -> at;
        };
    }

    private int after(int last) {
        return last > at ? last + 1 : at;
    }

    /** Whether a statement begins with this word. */
    boolean isFirst() {
        return first;
    }

    /** Whether it is this keyword, which is never written in quotes. */
    boolean is(String keyword) {
        return !quoted && end - start == keyword.length() && startsWith(keyword);
    }

    boolean startsWith(String prefix) {
        int length = prefix.length();
        if (end - start < length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            char c = text[start + i];
            if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != prefix.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Whether arguments follow the word: then it is a function's name. */
    boolean isCalled() {
        while (at < text.length && text[at] != '(') {
            char c = text[at];
            int skipped = c == '-' || c == '/' ? skipped(c) : Character.isWhitespace(c) ? at + 1 : at;
            if (skipped == at) {
                return false;
            }
            at = skipped;
        }
        return at < text.length;
    }
}
