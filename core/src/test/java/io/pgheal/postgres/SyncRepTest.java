package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.PostgresServer;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A commit that waits for its standby is durable here and not yet there: a signal would report it as done. */
@Tag("thorough")
class SyncRepTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.dedicated();

    @RegisterExtension
    final Sessions sessions = new Sessions(SERVER);

    @AfterEach
    void waitForNoStandby() throws Exception {
        sessions.admin("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO login VALUES (1)",
                "DO $$ BEGIN INSERT INTO login VALUES (1); COMMIT; PERFORM pg_sleep(60); END $$",
                "CALL commits()",
            })
    void isNeverSignalledWhateverItsTextSays(String sql) throws Exception {
        sessions.setUp(
                "CREATE TABLE IF NOT EXISTS login (id int)",
                "CREATE OR REPLACE PROCEDURE commits() LANGUAGE plpgsql AS"
                        + " $$ BEGIN INSERT INTO login VALUES (1); COMMIT; PERFORM pg_sleep(60); END $$");
        sessions.admin("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()");
        Session writer = sessions.open().autoCommit().run("SET synchronous_commit = on");
        await().until(() -> writer.query("SHOW synchronous_standby_names").equals("nobody"));
        CompletableFuture<Void> write = writer.start(sql);
        await().until(() -> "SyncRep"
                .equals(sessions.control().backend(writer.pid()).orElseThrow().waitEvent()));

        Backend backend = sessions.control().backend(writer.pid()).orElseThrow();
        TransactionRef judged = backend.judged().orElseThrow();

        assertThat(backend.isCommitting()).isTrue();
        assertThat(sessions.control().cancel(judged)).isEqualTo(Signal.MOVED_ON);
        assertThat(sessions.control().terminate(judged)).isEqualTo(Signal.MOVED_ON);
        waitForNoStandby();
        if (sql.startsWith("INSERT")) {
            write.join();
        }
    }
}
