package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import io.pgheal.track.LeaseView;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Consumer;
import java.util.logging.Logger;
import javax.sql.DataSource;
import javax.sql.XAConnection;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.xa.PGXADataSource;

/** With a connection that is lent in the middle of a transaction, nobody can be asked who serves it: not yet. */
class LateIdentityTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    /** What HikariCP says to a connection before it is lent; with auto-commit off that begins a transaction. */
    enum Said {
        SCHEMA(config -> config.setSchema("public")),
        INIT_SQL(config -> config.setConnectionInitSql("SET TIME ZONE 'America/St_Johns'"));

        private final Consumer<HikariConfig> settings;

        Said(Consumer<HikariConfig> settings) {
            this.settings = settings;
        }
    }

    private static LeaseView onlyLease(SelfHealingDataSource guarded, Connection lent) throws SQLException {
        int pid = Sql.pid(lent);
        await().until(() -> guarded.leases().size() == 1);
        LeaseView seen = guarded.leases().get(0);
        assertThat(seen.backendPid()).isEqualTo(pid);
        return seen;
    }

    @ParameterizedTest
    @EnumSource
    void whatThePoolBeganIsLeftAloneAndItsEndIsWaitedFor(Said said) throws Exception {
        try (HikariDataSource hikari = SERVER.app().pool("late-" + said, 1, config -> {
                    config.setAutoCommit(false);
                    said.settings.accept(config);
                });
                SelfHealingDataSource guarded =
                        SelfHealingDataSource.builder(hikari).build()) {
            try (Connection connection = guarded.getConnection()) {
                assertThat(onlyLease(guarded, connection).backend()).isNull();
                if (said == Said.INIT_SQL) { // which a rollback before the lending would have undone
                    assertThat(Sql.text(connection, "SHOW TimeZone")).isEqualTo("America/St_Johns");
                }
                connection.commit();
            }
            await().until(() -> guarded.leases().isEmpty());
            try (Connection connection = guarded.getConnection()) {
                LeaseView seen = onlyLease(guarded, connection);
                assertThat(seen.backend()).isNotNull();
                assertThat(seen.backend().pid()).isEqualTo(seen.backendPid());
                assertThat(connection.getAutoCommit()).isFalse();
                connection.rollback();
            }
        }
    }

    /** Whoever lends it again when nobody's transaction is open on it makes up for what could not be asked. */
    @Test
    void aConnectionOfAnXaTransactionIsAskedOnceThatIsOver() throws Exception {
        XAConnection xa = xa();
        try (SelfHealingDataSource guarded = guard(new OnePhysical(xa, false))) {
            Xid branch = new Branch();
            xa.getXAResource().start(branch, XAResource.TMNOFLAGS);
            Sql.run(xa.getConnection(), "CREATE TEMPORARY TABLE late (id int)");
            try (Connection connection = guarded.getConnection()) {
                assertThat(onlyLease(guarded, connection).backend()).isNull();
                assertThat(Sql.number(connection, "SELECT count(*) FROM late")).isZero();
            }
            xa.getXAResource().end(branch, XAResource.TMSUCCESS);
            xa.getXAResource().rollback(branch);
            await().until(() -> guarded.leases().isEmpty());
            try (Connection connection = guarded.getConnection()) {
                assertThat(onlyLease(guarded, connection).backend()).isNotNull();
            }
        } finally {
            xa.close();
        }
    }

    /** None of its borrows finds the connection idle; the end of the application's own transaction does. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPoolThatTestsEachConnectionInATransactionIsNoReasonNeverToAsk(boolean commits) throws Exception {
        XAConnection xa = xa();
        try (SelfHealingDataSource guarded = guard(new OnePhysical(xa, true))) {
            try (Connection connection = guarded.getConnection()) {
                assertThat(onlyLease(guarded, connection).backend()).isNull();
                if (commits) {
                    connection.commit();
                } else {
                    connection.rollback();
                }
            }
            await().until(() -> guarded.leases().isEmpty());
            try (Connection connection = guarded.getConnection()) {
                assertThat(onlyLease(guarded, connection).backend()).isNotNull();
                connection.rollback();
            }
        } finally {
            xa.close();
        }
    }

    private static XAConnection xa() throws SQLException {
        PGXADataSource source = new PGXADataSource();
        source.setUrl(SERVER.app().url());
        source.setUser(SERVER.app().user());
        source.setPassword(SERVER.app().password());
        return source.getXAConnection();
    }

    private static SelfHealingDataSource guard(DataSource pool) {
        return SelfHealingDataSource.builder(pool)
                .controlDataSource(SERVER.app().dataSource())
                .build();
    }

    private record Branch() implements Xid {
        @Override
        public int getFormatId() {
            return 1;
        }

        @Override
        public byte[] getGlobalTransactionId() {
            return new byte[] {1};
        }

        @Override
        public byte[] getBranchQualifier() {
            return new byte[] {2};
        }
    }

    /** Each borrow is of the same physical connection. */
    private record OnePhysical(XAConnection physical, boolean tests) implements DataSource {
        @Override
        public Connection getConnection() throws SQLException {
            Connection connection = physical.getConnection();
            if (tests) {
                connection.setAutoCommit(false);
                Sql.run(connection, "SELECT 1");
            }
            return connection;
        }

        @Override
        public Connection getConnection(String user, String password) throws SQLException {
            return getConnection();
        }

        @Override
        public PrintWriter getLogWriter() {
            return null;
        }

        @Override
        public void setLogWriter(PrintWriter out) {}

        @Override
        public void setLoginTimeout(int seconds) {}

        @Override
        public int getLoginTimeout() {
            return 0;
        }

        @Override
        public Logger getParentLogger() {
            return Logger.getGlobal();
        }

        @Override
        public <T> T unwrap(Class<T> type) throws SQLException {
            throw new SQLException("no " + type);
        }

        @Override
        public boolean isWrapperFor(Class<?> type) {
            return false;
        }
    }
}
