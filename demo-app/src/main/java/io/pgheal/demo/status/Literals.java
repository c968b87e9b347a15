package io.pgheal.demo.status;

import java.util.regex.Pattern;

/** Removes values from statements, so that a public page shows no personal data. */
final class Literals {

    // The last quote may be missing, because the server truncates long statements.
    private static final Pattern STRING = Pattern.compile("'(?:[^']|'')*(?:'|$)");

    private static final Pattern NUMBER = Pattern.compile("(?<![\\w$])\\d+(?:\\.\\d+)?");
    private static final Pattern SPACE = Pattern.compile("\\s+");

    private Literals() {}

    static String cut(String sql) {
        String withoutStrings = STRING.matcher(sql).replaceAll("?");
        String withoutNumbers = NUMBER.matcher(withoutStrings).replaceAll("?");
        return SPACE.matcher(withoutNumbers).replaceAll(" ").trim();
    }
}
