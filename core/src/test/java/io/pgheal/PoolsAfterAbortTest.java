package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.OverflowPools.Open;
import io.pgheal.OverflowPools.Subject;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A connection that pgheal aborted: whatever pool lent it, it never lends it again, and has its slot back. */
@Tag("thorough")
class PoolsAfterAbortTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final OverflowPools pools = OverflowPools.thatWait(SERVER);

    @ParameterizedTest
    @EnumSource(names = {"PGHEAL", "PGHEAL_TOMCAT", "PGHEAL_DBCP2", "PGHEAL_DRUID", "PGHEAL_AGROAL"})
    void aPoisonedConnectionIsNotLentAgain(Subject kind) throws Exception {
        Open open = pools.open(kind);
        try (AutoCloseable closing = open.closing()) {
            SelfHealingDataSource guarded = (SelfHealingDataSource) open.subject();
            for (boolean autoCommit : new boolean[] {true, false}) {
                for (boolean rollback : new boolean[] {true, false}) {
                    int cut = poison(guarded, autoCommit, rollback);
                    assertThat(borrowAll(guarded)).doesNotContain(cut).hasSize(OverflowPools.SLOTS);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PGHEAL", "PGHEAL_TOMCAT", "PGHEAL_DBCP2", "PGHEAL_DRUID", "PGHEAL_AGROAL"})
    void anAbandonedConnectionIsNotLentAgain(Subject kind) throws Exception {
        Open open = pools.open(kind);
        List<Connection> kept = new ArrayList<>();
        try (AutoCloseable closing = open.closing()) {
            SelfHealingDataSource guarded = (SelfHealingDataSource) open.subject();
            List<Integer> pids = new ArrayList<>();
            Thread owner = new Thread(() -> {
                try {
                    for (int i = 0; i < OverflowPools.SLOTS; i++) {
                        Connection connection = guarded.getConnection();
                        kept.add(connection);
                        connection.setAutoCommit(false);
                        pids.add(Sql.pid(connection));
                    }
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            owner.start();
            owner.join();
            assertThat(pids).hasSize(OverflowPools.SLOTS);
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> isLent(guarded)); // somebody waits: healed after the grace
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> guarded.leases().isEmpty() && guarded.healer().leases() == 0);
            assertThat(borrowAll(guarded)).doesNotContainAnyElementsOf(pids).hasSize(OverflowPools.SLOTS);
        }
    }

    private static boolean isLent(SelfHealingDataSource guarded) {
        try (Connection lent = guarded.getConnection()) {
            return !lent.isClosed();
        } catch (SQLException patienceOver) {
            return false;
        }
    }

    /** Returns the backend of a connection that an error cut in the middle of a statement. */
    private static int poison(SelfHealingDataSource guarded, boolean autoCommit, boolean rollback) throws SQLException {
        try (Connection connection = guarded.getConnection()) {
            int pid = Sql.pid(connection);
            connection.setAutoCommit(autoCommit);
            try (PreparedStatement statement = connection.prepareStatement("SELECT length(?)")) {
                statement.setBinaryStream(1, new CutStream(), 10_000_000);
                assertThatThrownBy(statement::executeQuery)
                        .satisfies(e -> assertThat(e instanceof Error || e.getCause() instanceof Error)
                                .isTrue());
            }
            if (rollback && !autoCommit) {
                connection.rollback();
                connection.setAutoCommit(true);
            }
            return pid;
        }
    }

    /** Ends with an error in the middle of what it promised, while the driver is sending it. */
    private static final class CutStream extends InputStream {
        private int sent;

        @Override
        public int read() {
            if (++sent > 100_000) {
                throw new OutOfMemoryError("in the middle of a message");
            }
            return 'x';
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
            for (int i = 0; i < length; i++) {
                bytes[offset + i] = (byte) read();
            }
            return length;
        }
    }

    private static Set<Integer> borrowAll(SelfHealingDataSource guarded) throws SQLException {
        Set<Integer> pids = new HashSet<>();
        List<Connection> all = new ArrayList<>();
        try {
            for (int i = 0; i < OverflowPools.SLOTS; i++) {
                Connection connection = guarded.getConnection();
                all.add(connection);
                List<String> answer = Sql.rows(connection, "SELECT pg_backend_pid(), " + (100 + i))
                        .get(0);
                assertThat(answer.get(1)).isEqualTo(Integer.toString(100 + i));
                pids.add(Integer.valueOf(answer.get(0)));
            }
        } finally {
            for (Connection each : all) {
                each.close();
            }
        }
        return pids;
    }
}
