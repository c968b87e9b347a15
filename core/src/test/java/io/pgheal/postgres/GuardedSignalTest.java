package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.PostgresServer;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuardedSignalTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final Sessions sessions = new Sessions(SERVER);

    @BeforeEach
    void tables() throws Exception {
        sessions.setUp(
                "DROP TABLE IF EXISTS login, guarded",
                "CREATE TABLE login (id int PRIMARY KEY, n int)",
                "INSERT INTO login VALUES (1, 0), (2, 0)");
    }

    @Test
    void terminatesTheJudgedTransaction() throws Exception {
        Session victim = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef judged = sessions.judged(victim);

        assertThat(sessions.control().terminate(judged)).isEqualTo(Signal.SENT);

        await().until(() -> sessions.control().transactionGone(judged));
        assertThatThrownBy(() -> victim.connection().commit()).isInstanceOf(SQLException.class);
    }

    @Test
    void aBackendThatMovedOnGetsNoSignal() throws Exception {
        Session innocent = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef judged = sessions.judged(innocent);
        innocent.run("SELECT 1"); // the same transaction, alive

        assertThat(sessions.control().terminate(judged)).isEqualTo(Signal.MOVED_ON);

        innocent.connection().commit();
        innocent.run("UPDATE login SET n = 2"); // another transaction in the same state
        assertThat(sessions.control().terminate(judged)).isEqualTo(Signal.MOVED_ON);
        innocent.connection().commit();
    }

    /** Each part of the guard alone keeps the signal back. */
    @Test
    void everyPartOfTheIdentityCounts() throws Exception {
        Session innocent = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef now = sessions.judged(innocent);
        String other = "2020-01-01T00:00:00.000000Z";
        BackendId backend = now.backend();

        for (TransactionRef wrong : List.of(
                new TransactionRef(
                        new BackendId(backend.pid(), other), now.xactStart(), now.stateChange(), now.state()),
                new TransactionRef(backend, other, now.stateChange(), now.state()),
                new TransactionRef(backend, null, now.stateChange(), now.state()),
                new TransactionRef(backend, now.xactStart(), other, now.state()),
                new TransactionRef(backend, now.xactStart(), now.stateChange(), "idle"))) {
            assertThat(sessions.control().terminate(wrong))
                    .describedAs("%s", wrong)
                    .isEqualTo(Signal.MOVED_ON);
        }
        innocent.connection().commit();
    }

    @Test
    void cancelEndsAWaitAndIsNotSentToAnIdleSession() throws Exception {
        Session holder = sessions.open().run("UPDATE login SET n = 1 WHERE id = 1");
        Session waiter = sessions.open();
        CompletableFuture<Void> waiting =
                waiter.startAndWait("UPDATE login SET n = 2 WHERE id = 1", sessions.control());

        assertThat(sessions.control().cancel(sessions.judged(holder))).isEqualTo(Signal.MOVED_ON);
        assertThat(sessions.control().cancel(sessions.judged(waiter))).isEqualTo(Signal.SENT);

        assertThatThrownBy(waiting::join)
                .satisfies(e -> assertThat(SqlState.of(e)).isEqualTo(SqlState.QUERY_CANCELED));
        assertThat(sessions.judged(waiter).xactStart()).isNull();
        assertThat(sessions.control().terminate(sessions.judged(waiter)))
                .describedAs("a null in the judged moment is compared too")
                .isEqualTo(Signal.SENT);
    }

    /** A deferred trigger that waits for a row holds the commit at the spot for as long as the test needs. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "COMMIT",
                "commit;",
                "END",
                "  /* tag */ -- why\n COMMIT WORK",
                "UPDATE guarded SET n = 3; COMMIT",
                "UPDATE guarded SET n = 3; END",
            })
    void aCommitIsNeverSignalled(String commit) throws Exception {
        sessions.setUp(
                "CREATE TABLE guarded (id int, n int)",
                "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
                        + " 'BEGIN PERFORM * FROM login WHERE id = 1 FOR UPDATE; RETURN NULL; END'",
                "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON guarded INITIALLY DEFERRED"
                        + " FOR EACH ROW EXECUTE FUNCTION slow()");
        Session holder = sessions.open().run("UPDATE login SET n = 1 WHERE id = 1");
        Session committing = sessions.open("app", "preferQueryMode", "simple");
        committing.autoCommit().run("BEGIN").run("INSERT INTO guarded VALUES (1, 1)");
        CompletableFuture<Void> commits = committing.startAndWait(commit, sessions.control());
        Backend backend = sessions.control().backend(committing.pid()).orElseThrow();

        assertThat(backend.isCommitting()).isTrue();
        TransactionRef judged = backend.judged().orElseThrow();
        assertThat(sessions.control().cancel(judged)).isEqualTo(Signal.MOVED_ON);
        assertThat(sessions.control().terminate(judged)).isEqualTo(Signal.MOVED_ON);

        holder.connection().rollback();
        commits.join();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DO $$ BEGIN PERFORM * FROM login WHERE id = 1 FOR UPDATE; END $$",
                "SELECT id AS commit_id, 'COMMIT' FROM login WHERE id = 1 FOR UPDATE",
                "UPDATE login SET n = CASE WHEN n > 0 THEN 1 ELSE 2 END WHERE id = 1",
            })
    void whatOnlyLooksLikeACommitIsNotSpared(String sql) throws Exception {
        sessions.open().run("UPDATE login SET n = 1 WHERE id = 1");
        Session waiter = sessions.open();
        waiter.startAndWait(sql, sessions.control());

        assertThat(sessions.control().backend(waiter.pid()).orElseThrow().isCommitting())
                .isFalse();
        assertThat(sessions.control().cancel(sessions.judged(waiter))).isEqualTo(Signal.SENT);
    }

    @Test
    void withoutTheGrantASignalIsDenied() throws Exception {
        sessions.role("watcher", "pg_read_all_stats");
        ControlConnection watcher = sessions.control("watcher", "watcher");
        Session victim = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef judged =
                watcher.backend(victim.pid()).orElseThrow().judged().orElseThrow();

        assertThat(watcher.terminate(judged)).isEqualTo(Signal.DENIED);
        victim.connection().commit();
    }

    @Test
    void withTheTwoGrantsItIsSent() throws Exception {
        sessions.role("healer", "pg_read_all_stats, pg_signal_backend");
        ControlConnection healer = sessions.control("healer", "healer");
        Session victim = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef judged =
                healer.backend(victim.pid()).orElseThrow().judged().orElseThrow();

        assertThat(healer.terminate(judged)).isEqualTo(Signal.SENT);
    }

    @Test
    void aSuperusersSessionIsDenied() throws Exception {
        sessions.role("healer", "pg_read_all_stats, pg_signal_backend");
        ControlConnection healer = sessions.control("healer", "healer");
        Session admin = sessions.openAdmin().run("UPDATE login SET n = 1");

        assertThat(healer.terminate(sessions.judged(admin))).isEqualTo(Signal.DENIED);
        admin.connection().commit();
    }

    @Test
    void onlyClientsAreSignalled() throws Exception {
        sessions.role("sender", "");
        sessions.admin("ALTER ROLE sender REPLICATION");
        Session walSender = sessions.open(
                "sender", "replication", "database", "preferQueryMode", "simple", "assumeMinServerVersion", "10");
        Backend backend = sessions.control().backend(walSender.pid()).orElseThrow();

        assertThat(backend.backendType()).isEqualTo("walsender");
        assertThat(sessions.control().terminate(backend.judged().orElseThrow())).isEqualTo(Signal.MOVED_ON);
    }
}
