package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatementTagsTest {
    private final StatementTags tags = new StatementTags(Set.of("nightly-import", "report"));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/* nightly-import */ UPDATE t SET a = 1",
                "UPDATE t SET a = 1 -- nightly-import",
                "UPDATE t SET a = 1 /*action='nightly-import',controller='x'*/",
                "/*nightly-import*/SELECT 1",
                "SELECT 1; /* one */ /* nightly-import */",
                "SELECT 1 /* not closed: nightly-import",
                "-- first\nSELECT 1 -- nightly-import\n, 2"
            })
    void aTagIsAWordInAComment(String sql) {
        assertThat(tags.in(sql)).isEqualTo("nightly-import");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO report VALUES (1)",
                "SELECT 'nightly-import'",
                "/* a nightly-importer */ SELECT 1",
                "/* my-nightly-import */ SELECT 1",
                "/* Nightly-Import */ SELECT 1",
                "/* done */ SELECT report FROM t",
                "-- done\nSELECT report FROM t",
                ""
            })
    void whatIsNoWordOfACommentIsNone(String sql) {
        assertThat(tags.in(sql)).isNull();
    }

    @Test
    void withoutTagsNothingIsFound() {
        assertThat(new StatementTags(Set.of()).in("/* nightly-import */")).isNull();
        assertThat(tags.in(null)).isNull();
    }
}
