package io.pgheal.demo.status;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LiteralsTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "UPDATE t1 SET a = $1, n = n + 1 | UPDATE t1 SET a = $1, n = n + ?",
                "SELECT 'it''s', 3.14 | SELECT ?, ?",
                "SELECT 'cut by the serv | SELECT ?",
            })
    void valuesAreCutAndNamesAreKept(String sql, String expected) {
        assertThat(Literals.cut(sql)).isEqualTo(expected);
    }
}
