package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StatementTextTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "select 1                                   | select ?",
                "select -1.5e-3, .5, 0xFF, 1_000, 1E+9      | select -?, ?, ?, ?, ?",
                "select 'a''b', 'c'                         | select ?, ?",
                "select 'c:\\', 'x'                         | select ?, ?",
                "select E'it\\'s', e'\\\\', 'x'             | select ?, ?, ?",
                "select B'01', x'ff', N'n', U&'d'           | select ?, ?, ?, U&?",
                "select $$it's$$, $a$ $b$ 1 $a$, 2          | select ?, ?, ?",
                "select $1, $23, ?                          | select $1, $23, ?",
                "select \"a'b\", \"x\"\"y 1\", t1, a$1, ä2  | select \"a'b\", \"x\"\"y 1\", t1, a$1, ä2",
                "select /* 'x' /* nested */ y */ 1 -- 'z'   | select ?",
                "select 1--x                                | select ?",
                "update t set a=1 where b in (1,2,'c')      | update t set a=? where b in (?,?,?)",
                "select 'never ends, 1                      | select ?",
                "select $x$ never ends 'a'                  | select ?",
                "select \"never ends 'a' 1                  | select ?",
                "select /* never ends 'a' 1                 | select",
                "/* tag */  COMMIT                          | COMMIT",
                "select a::text ~ 'x', b - 1, c/2, d*3      | select a::text ~ ?, b - ?, c/?, d*?",
            })
    void cutsValuesAndKeepsTheShape(String text, String expected) {
        assertThat(StatementText.cutLiterals(text)).isEqualTo(expected);
    }

    @Test
    void foldsLinesAndCapsTheLength() {
        assertThat(StatementText.cutLiterals("select a,\n\t  b\r\n from t\n")).isEqualTo("select a, b from t");
        assertThat(StatementText.cutLiterals("select " + "column_name, ".repeat(100)))
                .hasSizeLessThanOrEqualTo(StatementText.LONGEST)
                .endsWith("…");
        assertThat(StatementText.cutLiterals("x".repeat(StatementText.LONGEST))).hasSize(StatementText.LONGEST);
        assertThat(StatementText.cutLiterals("")).isEmpty();
    }

    /** Statements glued from literals with the secret in it and harmless pieces, cut off anywhere. */
    @Test
    void noLiteralEverShows() {
        String[] pieces = {
            "'SECRET'",
            "'it''s SECRET'",
            "E'\\'SECRET\\\\'",
            "$$SECRET'$$",
            "$q$ SECRET $$ $q$",
            "-- SECRET'\n",
            "/* SECRET /* ' */ \" */",
            " select ",
            "\"col'umn\"",
            " , ",
            "(a1)",
            " $1 ",
            " 42 ",
            "::text",
            "-",
            "/",
            "u&'SECRET'",
        };
        Random random = new Random(42);
        for (int trial = 0; trial < 20_000; trial++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(12); i >= 0; i--) {
                text.append(pieces[random.nextInt(pieces.length)]).append(' ');
            }
            String whole = text.substring(0, random.nextInt(text.length() + 1));
            assertThat(StatementText.cutLiterals(whole)).describedAs(whole).doesNotContain("SECRET");
        }
    }

    @Test
    void survivesAnyText() {
        Random random = new Random(7);
        String alphabet = "'\"$/*-\\eE1a .\n;?\ud83d\ude00";
        for (int trial = 0; trial < 50_000; trial++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(40); i > 0; i--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            assertThatCode(() -> StatementText.cutLiterals(text.toString()))
                    .describedAs(text.toString())
                    .doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"'", "\"", "$", "$a$", "/*", "--", "''", "1", "/* */", " ", "e'\\", "a", "$a"})
    void takesLinearTime(String piece) {
        assertThat(StatementText.cutLiterals(piece.repeat(2_000_000))).hasSizeLessThanOrEqualTo(StatementText.LONGEST);
    }
}
