package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.PostgresServer;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class TransactionGoneTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final Sessions sessions = new Sessions(SERVER);

    @BeforeEach
    void tables() throws Exception {
        sessions.setUp(
                "DROP TABLE IF EXISTS login",
                "CREATE TABLE login (id int PRIMARY KEY, n int)",
                "INSERT INTO login VALUES (1, 0)");
    }

    private boolean gone(TransactionRef judged) throws SQLException {
        return sessions.control().transactionGone(judged);
    }

    @Test
    void notWhileItIsOpen() throws Exception {
        Session session = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef judged = sessions.judged(session);
        session.run("SELECT 1");

        assertThat(gone(judged)).isFalse();
    }

    @Test
    void afterCommitAndInTheNextTransaction() throws Exception {
        Session session = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef judged = sessions.judged(session);

        session.connection().commit();
        assertThat(gone(judged)).isTrue();

        session.run("SELECT 1");
        assertThat(gone(judged)).isTrue();
    }

    @Test
    void whenTheBackendIsGone() throws Exception {
        Session session = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef judged = sessions.judged(session);
        session.close();

        await().until(() -> gone(judged));
    }

    @Test
    void whenThePidIsAnotherProcess() throws Exception {
        Session session = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef now = sessions.judged(session);
        BackendId earlier = new BackendId(now.backend().pid(), "2020-01-01T00:00:00.000000Z");

        assertThat(gone(new TransactionRef(earlier, now.xactStart(), now.stateChange(), now.state())))
                .isTrue();
    }

    @Test
    void notWhileASavepointKeepsItsLocks() throws Exception {
        Session session = sessions.open().run("UPDATE login SET n = 1").run("SAVEPOINT s");
        TransactionRef judged = sessions.judged(session);
        assertThatThrownBy(() -> session.run("SELECT 1 / 0")).isInstanceOf(SQLException.class);

        assertThat(sessions.judged(session).state()).isEqualTo(Backend.ABORTED);
        assertThat(gone(judged)).as("although nobody waits").isFalse();
        Session waiter = sessions.open();
        waiter.startAndWait("UPDATE login SET n = 2", sessions.control());
        assertThat(gone(judged)).isFalse();
        assertThat(gone(sessions.judged(session))).isFalse();
    }

    @Test
    void whenItWasAbortedAsAWhole() throws Exception {
        Session session = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef judged = sessions.judged(session);
        assertThatThrownBy(() -> session.run("SELECT 1 / 0")).isInstanceOf(SQLException.class);

        assertThat(sessions.judged(session).xactStart()).isNull();
        assertThat(gone(judged)).isTrue();
        assertThat(gone(sessions.judged(session))).isTrue();
    }

    /** A session lock outlives its transaction. */
    @Test
    void notWhileSomebodyStillWaitsForTheBackend() throws Exception {
        Session session = sessions.open().run("SELECT pg_advisory_lock(7)");
        TransactionRef judged = sessions.judged(session);
        Session waiter = sessions.open();
        waiter.startAndWait("SELECT pg_advisory_lock(7)", sessions.control());

        session.connection().commit();

        assertThat(gone(judged)).isFalse();
    }

    @Test
    void notForAnIdleSessionThatIsStillThere() throws Exception {
        Session session = sessions.open().autoCommit().run("SELECT pg_advisory_lock(8)");
        TransactionRef judged = sessions.judged(session);
        session.run("SELECT 1");

        assertThat(gone(judged)).isFalse();
    }

    @Test
    void notWhenTheServerHidesIt() throws Exception {
        sessions.role("plain", "");
        ControlConnection plain = sessions.control("plain", "plain");
        Session session = sessions.open().run("UPDATE login SET n = 1");
        TransactionRef judged = sessions.judged(session);

        assertThat(plain.transactionGone(judged)).isFalse();

        session.close();
        await().until(() -> plain.transactionGone(judged));
    }

    @Test
    void notWhenTheSessionDoesNotTrack() throws Exception {
        Session admin = sessions.openAdmin().run("UPDATE login SET n = 1");
        TransactionRef judged = sessions.judged(admin);
        admin.run("SET track_activities = off");

        assertThat(sessions.control().backend(admin.pid()).orElseThrow().visible())
                .isFalse();
        assertThat(gone(judged)).isFalse();
    }

    @Test
    void aPlainRoleAsksForTheWaitersItKnows() throws Exception {
        sessions.role("plain", "");
        ControlConnection app = sessions.control("app", "app");
        Session session = sessions.open().run("SELECT pg_advisory_lock(9)");
        TransactionRef judged = sessions.judged(session);
        Session hidden = sessions.open("plain");
        hidden.startAndWait("SELECT pg_advisory_lock(9)", sessions.control());
        session.connection().commit();

        assertThat(app.transactionGone(judged, List.of(hidden.pid()))).isFalse();
        assertThat(app.inTheWay(List.of(session.pid()))).isEmpty();
        assertThat(app.inTheWay(List.of(session.pid()), List.of(hidden.pid()))).containsExactly(session.pid());
    }
}
