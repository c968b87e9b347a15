package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TableNameTest {
    @Test
    void isReadAsInSql() {
        assertThat(TableName.parse("Login")).isEqualTo(new TableName("public", "login"));
        assertThat(TableName.parse("hr.login")).isEqualTo(new TableName("hr", "login"));
        assertThat(TableName.parse("\"HR\".\"a.b\"\"c\"")).isEqualTo(new TableName("HR", "a.b\"c"));
        assertThat(TableName.parse("public.login")).hasToString("login");
        assertThat(TableName.parse("hr.login")).hasToString("hr.login");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "a.", ".a", "a.b.c", "\"a"})
    void anythingElseIsRefused(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TableName.parse(text))
                .withMessageContaining("schema.table");
    }
}
