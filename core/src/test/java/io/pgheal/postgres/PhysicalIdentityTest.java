package io.pgheal.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

class PhysicalIdentityTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final Sessions sessions = new Sessions(SERVER);

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void leavesNoTraceAndAgreesWithTheControlConnection(boolean autoCommit) throws Exception {
        Session session = sessions.open("app", "prepareThreshold", "1");
        Connection connection = session.connection();
        connection.setAutoCommit(autoCommit);

        PhysicalIdentity identity = PhysicalIdentity.read(connection);

        assertThat(connection.unwrap(BaseConnection.class).getTransactionState())
                .isEqualTo(TransactionState.IDLE);
        assertThat(connection.getAutoCommit()).isEqualTo(autoCommit);
        assertThat(identity.poolerInBetween()).isFalse();
        assertThat(identity.driverPid()).isEqualTo(session.pid());
        assertThat(identity.inRecovery()).isFalse();
        assertThat(identity.backend()).isEqualTo(sessions.judged(session).backend());
        assertThat(identity.server()).isEqualTo(sessions.control().identity());
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT count(*) FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'")) {
            row.next();
            assertThat(row.getInt(1)).isZero();
        }
    }

    /** Time zone and date style are the application's to change, and so is the search path. */
    @Test
    void saysTheSameInEverySession() throws Exception {
        Session session = sessions.open();
        session.autoCommit();
        session.run("SET timezone = 'America/St_Johns'")
                .run("SET search_path = evil, pg_catalog")
                .run("SET standard_conforming_strings = on");

        assertThat(PhysicalIdentity.read(session.connection()).backend())
                .isEqualTo(sessions.judged(session).backend());
    }

    @Test
    void doesNotTouchATransactionThatIsOpen() throws Exception {
        Session session = sessions.open().run("CREATE TABLE open_work (id int)");

        assertThatThrownBy(() -> PhysicalIdentity.read(session.connection()))
                .satisfies(e -> assertThat(SqlState.of(e)).isEqualTo(SqlState.ACTIVE_TRANSACTION));

        session.connection().commit();
        session.run("DROP TABLE open_work").connection().commit();
    }

    @Test
    void aPoolerShows() {
        ServerIdentity server = new ServerIdentity("1", "2026-01-01T00:00:00.000000Z");

        assertThat(new PhysicalIdentity(-5, 100, null, server, new ServerAddress("pooler", 6432), false)
                        .poolerInBetween())
                .isTrue();
    }
}
