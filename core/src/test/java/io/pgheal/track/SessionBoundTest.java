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
                "listen",
                "SELECT pg_advisory_lock(1)",
                "select PG_TRY_ADVISORY_LOCK(1)",
                "SELECT pg_catalog.pg_advisory_lock(1)",
                "SELECT \"pg_advisory_lock\"(1)",
                "SELECT \"pg_catalog\" . \"pg_try_advisory_lock\" (1)",
                "SELECT pg_advisory_lock /* of /* the */ leader */ -- alone\n (1)",
                "UPDATE t SET a = 1 WHERE pg_try_advisory_lock(a)",
                "SELECT 1; LISTEN orders",
                "SELECT 1;;/* ; */ -- '\n\tLISTEN orders",
                "/* /* listens */ */ LISTEN orders",
                "SELECT '\\'; LISTEN orders; --'",
                "SELECT E'\\''; LISTEN orders; --'",
                "SELECT $1, $a$; $a$; LISTEN orders",
                "SELECT a$b$; LISTEN orders; --$b$",
            })
    void whatBindsToTheSessionIsFound(String sql) {
        assertThat(SessionBound.byStatement(sql)).isTrue();
    }

    /** What its code does is not read. */
    @ParameterizedTest
    @ValueSource(
            strings = {"DO $$ BEGIN PERFORM pg_advisory_lock(1); END $$", "DO 'BEGIN EXECUTE ''LISTEN orders''; END'"})
    void aBlockOfCodeWithSuchAWordMayBind(String sql) {
        assertThat(SessionBound.byStatement(sql)).isTrue();
    }

    /** Where strings are not standard, the server takes the second quote for a part of the literal. */
    @Test
    void aBackslashIsReadBothWays() {
        assertThat(SessionBound.byStatement("SELECT 'a\\''; LISTEN orders; SELECT 'b\\''"))
                .isTrue();
        assertThat(SessionBound.commits("SELECT 'a\\''; COMMIT; SELECT 'b\\''")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "listene",
                "SELECT 1",
                "UPDATE clients SET active = true",
                "SELECT call_id FROM calls",
                "COPY t FROM STDIN"
            })
    void everythingElseDoesNot(String sql) {
        assertThat(SessionBound.byStatement(sql)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT copyright FROM book",
                "SELECT * FROM event_listener",
                "SELECT listen FROM radio",
                "SELECT advisory FROM t",
                "SELECT pg_advisory_lock FROM t",
                "SELECT pg_advisory_lock, (1) FROM t",
                "UPDATE t SET note = 'a; LISTEN to pg_advisory_lock(1)'",
                "UPDATE t SET note = E'it\\'s; LISTEN', b = 1",
                "UPDATE t SET note = 'it''s; LISTEN'",
                "UPDATE t SET note = $$; LISTEN orders$$",
                "UPDATE t SET note = $a$; $$ LISTEN; pg_advisory_lock(1) $$ $a$",
                "SELECT 1 -- ; LISTEN orders",
                "/* LISTEN */ SELECT /* ; /* pg_advisory_lock(1) */ LISTEN */ 1",
                "SELECT \"a; LISTEN\" FROM \"pg_advisory_lock\"",
                "\"listen\"",
                "INSERT INTO t SELECT 1 ON CONFLICT DO NOTHING /* LISTEN */",
                "CREATE FUNCTION f() RETURNS void AS $$ SELECT pg_advisory_lock(1) $$ LANGUAGE sql",
                "SELECT 'a literal that does not end, LISTEN",
                "SELECT \"a name that does not end, LISTEN",
                "SELECT /* a comment that does not end, LISTEN"
            })
    void wordsThatAreNoStatementBindNothing(String sql) {
        assertThat(SessionBound.byStatement(sql)).isFalse();
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
    @ValueSource(
            strings = {
                "COMMIT",
                " end",
                "commit and chain",
                "COMMIT PREPARED 'x'",
                "PREPARE TRANSACTION 'x'",
                "prepare /* it */ transaction 'x'",
                "CALL pay(1)",
                "{call pay(1)}",
                "{? = call pay(1)}",
                "DO $$ $$",
                "DO\n$$ $$",
                "/* at last */ COMMIT",
                "SELECT 1; END"
            })
    void whatMayCommitIsFound(String sql) {
        assertThat(SessionBound.commits(sql)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1",
                "UPDATE users SET name = 'a'",
                "ROLLBACK",
                "SELECT call FROM phone WHERE call = 1",
                "SELECT CASE WHEN a THEN 'commit' END FROM undo WHERE commit = 1",
                "UPDATE t SET note = '; COMMIT' -- do it; COMMIT",
                "INSERT INTO t SELECT 1 ON CONFLICT DO NOTHING",
                "PREPARE p AS SELECT transaction FROM t",
                "SELECT endpoint FROM t"
            })
    void whatCannotCommitIsTold(String sql) {
        assertThat(SessionBound.commits(sql)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1 FROM t FOR UPDATE NOWAIT",
                "lock table t nowait",
                "DO $$ BEGIN LOCK TABLE t NOWAIT; END $$"
            })
    void whatDoesNotWaitIsFound(String sql) {
        assertThat(SessionBound.doesNotWait(sql)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPDATE t SET a = 1",
                "UPDATE t SET a = 'nowait' /* nowait */ -- nowait",
                "UPDATE t SET \"nowait\" = 1",
                "UPDATE t SET nowaiting = 1"
            })
    void whatWaitsIsTold(String sql) {
        assertThat(SessionBound.doesNotWait(sql)).isFalse();
    }
}
