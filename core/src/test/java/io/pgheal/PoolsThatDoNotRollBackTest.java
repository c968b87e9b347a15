package io.pgheal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.innocent.FakeTime;
import io.pgheal.testserver.Garbage;
import io.pgheal.testserver.Login;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import io.pgheal.track.Ticker;
import java.io.StringWriter;
import java.sql.Connection;
import java.time.Duration;
import java.util.function.Function;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;

/**
 * With auto-commit off, pools give back a connection with a transaction open that they know nothing of, or mean to leave it
 * so. That is no global transaction (JTA): what is leaked of such a pool is healed as ever.
 */
class PoolsThatDoNotRollBackTest {
    private static final int SLOTS = 2;

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private interface Use {
        void of(Connection connection) throws Exception;
    }

    /** What is done with a connection that is then closed, and leaves a transaction open. */
    enum Left {
        HIKARI_AND_A_COPY(
                login -> hikari(login, ""),
                connection -> connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyOut("COPY seat TO STDOUT", new StringWriter())),
        HIKARI_WITH_A_SCHEMA(login -> hikari(login, "public"), connection -> connection.isValid(1)),
        TOMCAT(Left::tomcat, connection -> Sql.run(connection, "SELECT 1"));

        private final Function<Login, DataSource> pool;
        private final Use use;

        Left(Function<Login, DataSource> pool, Use use) {
            this.pool = pool;
            this.use = use;
        }

        private static DataSource hikari(Login login, String schema) {
            try {
                return login.pool("leaves-open" + schema, SLOTS, config -> {
                    config.setAutoCommit(false);
                    if (!schema.isEmpty()) {
                        config.setSchema(schema);
                    }
                });
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        private static DataSource tomcat(Login login) {
            var pool = new org.apache.tomcat.jdbc.pool.DataSource();
            pool.setDriverClassName("org.postgresql.Driver");
            pool.setUrl(login.url());
            pool.setUsername(login.user());
            pool.setPassword(login.password());
            pool.setDefaultAutoCommit(false);
            pool.setMaxActive(SLOTS);
            return pool;
        }
    }

    private final Looks looks = new Looks();
    private final SideBySide beside = new SideBySide();
    private DataSource pool;
    private SelfHealingDataSource guarded;

    @BeforeEach
    void createTable() throws Exception {
        SERVER.app().run("DROP TABLE IF EXISTS seat", "CREATE TABLE seat (free int)", "INSERT INTO seat VALUES (10)");
    }

    private void leave(Left left) throws Exception {
        open(left, looks);
        leave(left, looks::awaitOne);
    }

    private void open(Left left, Ticker ticker) {
        pool = left.pool.apply(SERVER.app());
        guarded = SelfHealingDataSource.builder(pool)
                .ticker(ticker)
                .controlDataSource(SERVER.app().dataSource())
                .config(HealingConfig.builder()
                        .abandonedGrace(Duration.ofMillis(500))
                        .abandonedPatience(Duration.ofMillis(500))
                        .diagnosisDeadline(Duration.ofSeconds(5))
                        .escalationInterval(Duration.ofMinutes(1))
                        .proofLongestStop(Duration.ofMinutes(1))
                        .build())
                .build();
        await().until(() -> guarded.healer().connected());
    }

    private void leave(Left left, Runnable between) throws Exception {
        for (int i = 0; i < 3; i++) {
            try (Connection connection = guarded.getConnection()) {
                left.use.of(connection);
            }
            between.run();
        }
        assertThat(SERVER.app().sessions("state = 'idle in transaction' AND pid <> pg_backend_pid()"))
                .as("what this is about")
                .isPositive();
    }

    @AfterEach
    void close() throws Exception {
        beside.close();
        if (guarded != null) {
            guarded.close();
        }
        if (pool instanceof HikariDataSource hikari) {
            hikari.close();
        } else if (pool instanceof org.apache.tomcat.jdbc.pool.DataSource tomcat) {
            tomcat.close(true);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLeakIsHealedAsEver(Left left) throws Exception {
        leave(left);
        beside.start("leaver", () -> Sql.run(guarded.getConnection(), "UPDATE seat SET free = free - 1"))
                .get();
        beside.start("outside", () -> SERVER.app().run("UPDATE seat SET free = free - 1"))
                .get();
        await().until(() -> proven() == 1);
        assertThat(SERVER.app().number("SELECT free FROM seat")).isEqualTo(9);
    }

    @ParameterizedTest
    @EnumSource
    void aSlotComesBackAsEver(Left left) throws Exception {
        leave(left);
        for (int i = 0; i < SLOTS; i++) {
            beside.start("leaver", () -> {
                        Connection connection = guarded.getConnection();
                        Sql.run(connection, "SELECT 1");
                        connection.commit();
                    })
                    .get();
        }
        Garbage.collectUntil(() -> guarded.leases().isEmpty());
        guarded.getConnection().close();
        await().until(() -> proven() == SLOTS);
    }

    /** Where nobody knows who serves a connection that is lent in a transaction, it is not seen that it helped. */
    private long proven() {
        return guarded.incidents().stream()
                .filter(incident -> incident.outcome() == OutcomeKind.HEALED
                        || incident.outcome() == OutcomeKind.RELEASED_UNVERIFIED)
                .filter(incident -> incident.evidence().get(0).kind() == EvidenceKind.HANDLE_UNREACHABLE)
                .count();
    }

    /** Nobody is in anybody's way: it is the pool's own way, borrow by borrow. */
    @ParameterizedTest
    @EnumSource
    void nothingIsToldOfIt(Left left) throws Exception {
        FakeTime time = new FakeTime();
        open(left, time);
        leave(left, () -> time.pass(Duration.ofSeconds(2), Duration.ofMillis(150)));
        assertThat(guarded.incidents()).isEmpty();
    }
}
