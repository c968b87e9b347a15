package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class SqlStateTest {
    @Test
    void isFoundBehindWrappersAndInChains() {
        SQLException timeout = new SQLException("x", SqlState.LOCK_NOT_AVAILABLE);
        SQLException batch = new BatchUpdateException();
        batch.setNextException(timeout);

        assertThat(SqlState.of(timeout)).isEqualTo("55P03");
        assertThat(SqlState.of(new RuntimeException(new IllegalStateException(timeout))))
                .isEqualTo("55P03");
        assertThat(SqlState.of(batch)).isEqualTo("55P03");
        assertThat(SqlState.of(new RuntimeException("none"))).isNull();
        assertThat(SqlState.of(null)).isNull();
    }

    @Test
    void aLoopOfCausesEnds() {
        RuntimeException first = new RuntimeException();
        first.initCause(new RuntimeException(first));

        assertThat(SqlState.of(first)).isNull();
    }
}
