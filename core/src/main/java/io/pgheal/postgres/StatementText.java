package io.pgheal.postgres;

import io.pgheal.Internal;

/** Makes the text of a statement fit to be shown: its shape stays, its values and comments go. */
@Internal
public final class StatementText {
    /** Longer texts end in an ellipsis. */
    public static final int LONGEST = 200;

    private final String text;
    private final StringBuilder cut = new StringBuilder(LONGEST + 1);
    private int at;

    private StatementText(String text) {
        this.text = text;
    }

    /**
     * Replaces string and number literals by {@code ?}, removes comments, folds white space and caps the length. Quoted
     * identifiers stay. Takes linear time, reads no further than the cap needs, and in doubt (a quote that does not end) cuts
     * all that follows. Backslashes are escapes in {@code E'...'} only, as has been the server's default since 9.1.
     */
    public static String cutLiterals(String text) {
        return new StatementText(text).cut();
    }

    private String cut() {
        while (at < text.length() && cut.length() <= LONGEST) {
            step(text.charAt(at));
        }
        if (cut.length() > LONGEST) {
            cut.setLength(Character.isHighSurrogate(cut.charAt(LONGEST - 2)) ? LONGEST - 2 : LONGEST - 1);
            cut.append('…');
        }
        return cut.toString().strip();
    }

    private void step(char c) {
        if (Character.isWhitespace(c)) {
            at++;
            space();
        } else if (c == '\'') {
            literal(false);
        } else if (c == '"') {
            quotedIdentifier();
        } else if (c == '-' && peek(1) == '-') {
            lineComment();
        } else if (c == '/' && peek(1) == '*') {
            blockComment();
        } else if (c == '$') {
            dollar();
        } else if (isDigit(c) || (c == '.' && isDigit(peek(1)))) {
            number();
        } else if (isIdentifierStart(c)) {
            word();
        } else {
            cut.append(c);
            at++;
        }
    }

    /** A word, together with the digits and dollars in it; {@code e'...'} and its like are literals, not words. */
    private void word() {
        int start = at;
        while (at < text.length() && isIdentifierPart(text.charAt(at))) {
            at++;
        }
        if (at - start == 1 && peek(0) == '\'' && "eEbBxXnN".indexOf(text.charAt(start)) >= 0) {
            literal(text.charAt(start) == 'e' || text.charAt(start) == 'E');
        } else {
            cut.append(text, start, Math.min(at, start + LONGEST + 1));
        }
    }

    private void literal(boolean backslashEscapes) {
        at++;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '\\' && backslashEscapes) {
                at++;
            } else if (c == '\'') {
                if (peek(0) != '\'') {
                    break;
                }
                at++;
            }
        }
        cut.append('?');
    }

    private void quotedIdentifier() {
        int start = at++;
        while (at < text.length()) {
            if (text.charAt(at++) == '"') {
                if (peek(0) != '"') {
                    cut.append(text, start, Math.min(at, start + LONGEST + 1));
                    return;
                }
                at++;
            }
        }
        cut.append('?');
    }

    private void dollar() {
        int end = at + 1;
        while (end < text.length() && isTagPart(text.charAt(end), end == at + 1)) {
            end++;
        }
        if (end < text.length() && text.charAt(end) == '$') {
            String tag = text.substring(at, end + 1);
            int close = text.indexOf(tag, end + 1);
            at = close < 0 ? text.length() : close + tag.length();
            cut.append('?');
        } else {
            cut.append('$');
            at++;
            while (isDigit(peek(0))) { // $1 is a parameter: no value in it
                cut.append(text.charAt(at++));
            }
        }
    }

    private void number() {
        char before = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            boolean sign = (c == '+' || c == '-') && (before == 'e' || before == 'E') && isDigit(peek(1));
            if (!Character.isLetterOrDigit(c) && c != '.' && c != '_' && !sign) {
                break;
            }
            before = c;
            at++;
        }
        cut.append('?');
    }

    private void lineComment() {
        while (at < text.length() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
            at++;
        }
        space();
    }

    private void blockComment() {
        int depth = 0;
        do {
            if (peek(0) == '/' && peek(1) == '*') {
                depth++;
                at += 2;
            } else if (peek(0) == '*' && peek(1) == '/') {
                depth--;
                at += 2;
            } else {
                at++;
            }
        } while (depth > 0 && at < text.length());
        space();
    }

    private void space() {
        if (!cut.isEmpty() && cut.charAt(cut.length() - 1) != ' ') {
            cut.append(' ');
        }
    }

    private char peek(int ahead) {
        return at + ahead < text.length() ? text.charAt(at + ahead) : 0;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isIdentifierStart(char c) {
        return Character.isLetter(c) || c == '_' || c >= 0x80;
    }

    private static boolean isIdentifierPart(char c) {
        return isIdentifierStart(c) || isDigit(c) || c == '$';
    }

    private static boolean isTagPart(char c, boolean first) {
        return isIdentifierStart(c) || (!first && isDigit(c));
    }
}
