package io.pgheal.track;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the tags of statements that are spared: words in SQL comments, such as {@code /* nightly-import *}{@code /}, or
 * values of sqlcommenter. In doubt (a comment mark inside a literal) a tag counts as found: pgheal then only does less.
 */
final class StatementTags {
    private final String[] tags;

    StatementTags(Set<String> tags) {
        this.tags = tags.stream().filter(tag -> !tag.isEmpty()).sorted().toArray(String[]::new);
    }

    /** The first tag in a comment of the statement, or null. */
    @Nullable
    String in(@Nullable String sql) {
        if (tags.length == 0 || sql == null) {
            return null;
        }
        for (String tag : tags) {
            for (int at = sql.indexOf(tag); at >= 0; at = sql.indexOf(tag, at + 1)) {
                if (isWhole(sql, at, at + tag.length()) && isInComment(sql, at)) {
                    return tag;
                }
            }
        }
        return null;
    }

    private static boolean isWhole(String sql, int from, int to) {
        return (from == 0 || !isPartOfName(sql.charAt(from - 1)))
                && (to == sql.length() || !isPartOfName(sql.charAt(to)));
    }

    private static boolean isPartOfName(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '-' || c == '.';
    }

    private static boolean isInComment(String sql, int at) {
        return sql.lastIndexOf("/*", at) > sql.lastIndexOf("*/", at)
                || sql.lastIndexOf("--", at) > Math.max(sql.lastIndexOf('\n', at), sql.lastIndexOf('\r', at));
    }
}
