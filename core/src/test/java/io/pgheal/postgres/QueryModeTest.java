package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.PostgresServer;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The control connection takes the driver's settings from the pool's: every question is understood in every mode. */
class QueryModeTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final Sessions sessions = new Sessions(SERVER);

    @ParameterizedTest
    @ValueSource(strings = {"extended", "extendedForPrepared", "extendedCacheEverything", "simple"})
    void everyQuestionIsUnderstood(String mode) throws Exception {
        sessions.setUp(
                "DROP TABLE IF EXISTS login",
                "CREATE TABLE login (id int PRIMARY KEY, n int)",
                "INSERT INTO login VALUES (1, 0)");
        String url = SERVER.url() + (SERVER.url().contains("?") ? "&" : "?") + "preferQueryMode=" + mode;
        try (ControlConnection control =
                new ControlConnection(ControlSettings.of(url, SERVER.user(), SERVER::password))) {
            control.connect();
            Session holder = sessions.open().run("UPDATE login SET n = 1");
            Session waiter = sessions.open();
            waiter.start("UPDATE login SET n = 2");
            int culprit = holder.pid();
            await().until(() -> control.inTheWay(List.of(culprit)).equals(Set.of(culprit)));

            Backend seen = control.backend(culprit).orElseThrow();
            TransactionRef judged = seen.judged().orElseThrow();
            assertThat(control.identity()).isNotNull();
            assertThat(control.capabilities()).isNotNull();
            assertThat(control.backends(List.of())).isEmpty();
            assertThat(control.backends(List.of(culprit, waiter.pid()))).hasSize(2);
            assertThat(control.blockingTree(List.of(waiter.pid())).roots()).hasSize(1);
            assertThat(control.blockingTree(null).roots()).isNotEmpty();
            assertThat(control.fullBlockingTree(List.of(waiter.pid())).roots()).hasSize(1);
            assertThat(control.story(judged.backend())).isPresent();
            assertThat(control.locksOn(TableName.parse("login"))).isNotEmpty();
            assertThat(control.transactionGone(judged)).isFalse();
            assertThat(control.transactionGone(judged, List.of(waiter.pid()))).isFalse();
            assertThat(control.transactionStatus(String.valueOf(seen.xid()))).contains("in progress");
            assertThat(control.cancel(judged)).isEqualTo(Signal.MOVED_ON); // it executes nothing
            assertThat(control.terminate(judged)).isEqualTo(Signal.SENT);
            await().until(() -> control.transactionGone(judged, List.of(waiter.pid())));
        }
    }
}
