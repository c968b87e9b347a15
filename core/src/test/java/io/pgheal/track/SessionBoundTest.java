package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionBoundTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "LISTEN orders",
                "listen orders",
                "SELECT pg_advisory_lock(1)",
                "select PG_TRY_ADVISORY_LOCK(1)",
                "COPY t FROM STDIN",
                "copy"
            })
    void whatBindsToTheSessionIsFound(String sql) {
        assertThat(SessionBound.byStatement(sql)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "cop", "SELECT 1", "UPDATE clients SET active = true", "SELECT call_id FROM calls"})
    void everythingElseDoesNot(String sql) {
        assertThat(SessionBound.byStatement(sql)).isFalse();
    }

    /** What was read of one text says nothing of another, and what was read first is right the second time. */
    @Test
    void eachTextIsJudgedByItself() {
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 1000; i++) {
                assertThat(SessionBound.byStatement("SELECT " + i)).isFalse();
                assertThat(SessionBound.byStatement("LISTEN n" + i)).isTrue();
            }
        }
        assertThat(SessionBound.byStatement("SELECT 1" + " ".repeat(3000) + "; LISTEN n"))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"COMMIT", " end", "commit and chain", "PREPARE TRANSACTION 'x'", "CALL pay(1)", "DO $$ $$"})
    void whatMayCommitIsFound(String sql) {
        assertThat(SessionBound.commits(sql)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"SELECT 1", "UPDATE users SET name = 'a'", "ROLLBACK"})
    void whatCannotCommitIsTold(String sql) {
        assertThat(SessionBound.commits(sql)).isFalse();
    }
}
