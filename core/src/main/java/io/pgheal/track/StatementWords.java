package io.pgheal.track;

import org.postgresql.core.Parser;

/**
 * The words of an SQL text of one or more statements, as the server reads them, without the words in comments, literals
 * and function bodies. The driver's parser decides where a comment or a literal ends.
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

    /** @param standardStrings whether a backslash in a plain literal is an ordinary character */
    StatementWords(String sql, boolean standardStrings) {
        this.text = sql.toCharArray();
        this.standardStrings = standardStrings;
    }

    /** Moves to the next word (a quoted name counts as one); false at the end of the text. */
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

    /**
     * The end of the comment, literal or number that begins at the current position; the position itself, if none
     * begins there.
     */
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

    /** Whether the word is the first of a statement. */
    boolean isFirst() {
        return first;
    }

    /** Whether the word is this keyword; a quoted name never is. */
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

    /** Whether a parenthesis follows the word: then the word is a function's name. */
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
