package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.p6spy.engine.spy.P6DataSource;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.Wrapped;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.testserver.NothingLeft;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import java.lang.reflect.Field;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.listener.MethodExecutionListener;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.core.BaseConnection;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;

/** HikariCP with something around it, whose connections are not HikariCP's own: known as HikariCP, and no slot is lost. */
class WrappedPoolTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    static final NothingLeft NOTHING_LEFT = NothingLeft.on(SERVER);

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private HikariDataSource hikari;

    enum Around {
        OBSERVER(Wrapped::around),
        DATASOURCE_PROXY(pool -> ProxyDataSourceBuilder.create(pool)
                .methodListener(MethodExecutionListener.DEFAULT)
                .build()),
        P6SPY(P6DataSource::new),
        SPRING(LazyConnectionDataSourceProxy::new),
        ITSELF(pool -> pool);

        private final Function<HikariDataSource, DataSource> around;

        Around(Function<HikariDataSource, DataSource> around) {
            this.around = around;
        }

        DataSource open() {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(SERVER.url());
            config.setUsername(SERVER.user());
            config.setPassword(SERVER.password());
            config.setPoolName("around");
            config.setMaximumPoolSize(1);
            config.setMinimumIdle(0);
            return around.apply(this == ITSELF ? new Observing(config) : new HikariDataSource(config));
        }
    }

    private static final class Observing extends HikariDataSource {
        Observing(HikariConfig config) {
            super(config);
        }

        @Override
        public Connection getConnection() throws SQLException {
            return Wrapped.around(super.getConnection());
        }
    }

    @BeforeAll
    static void writeNoLog() {
        System.setProperty("p6spy.config.modulelist", "com.p6spy.engine.spy.P6SpyFactory");
    }

    private DataSource open(Around around) throws SQLException {
        DataSource target = around.open();
        hikari = target.unwrap(HikariDataSource.class);
        return target;
    }

    @AfterEach
    void close() {
        if (hikari != null) {
            hikari.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void isKnownAsItsPool(Around around) throws Exception {
        AtomicInteger waiting = new AtomicInteger();
        DataSource target = open(around);
        Pool pool = Pool.of(target, waiting::get);
        assertThat(pool.name()).contains("around");
        assertThat(pool.size()).contains(1);
        boolean mayChooseAmongSeveral = !(target instanceof HikariDataSource);
        assertThat(pool.needsWaiting()).isEqualTo(mayChooseAmongSeveral);
        assertThat(pool.isExhausted()).isFalse();
        waiting.set(1);
        assertThat(pool.isExhausted()).isEqualTo(mayChooseAmongSeveral);
    }

    @ParameterizedTest
    @EnumSource
    void aHealGivesTheSlotToWhoWaitsForIt(Around around) throws Exception {
        DataSource target = open(around);
        try (SelfHealingDataSource guarded =
                SelfHealingDataSource.builder(target).build()) {
            await().until(() -> guarded.healer().connected());
            CompletableFuture<Connection> waiter;
            try (LeaseScope scope = guarded.scope("leak")) {
                Connection left = guarded.getConnection();
                left.setAutoCommit(false);
                left.createStatement().execute("SELECT 1");
                waiter = beside.start("waiter", () -> guarded.getConnection());
                await().until(() -> hikari.getHikariPoolMXBean().getThreadsAwaitingConnection() == 1);
            }
            try (Connection next = waiter.get();
                    Statement statement = next.createStatement()) {
                assertThat(statement.execute("SELECT 1")).isTrue();
            }
            NothingLeft.everySlotIsBack(hikari);
            await().until(() -> !guarded.incidents().isEmpty());
            assertThat(guarded.incidents().get(0).outcome()).isEqualTo(OutcomeKind.HEALED);
        }
    }

    /** A call that an error cut can leave the lock of its statement to a thread that is dead: here it is but held. */
    @ParameterizedTest
    @EnumSource
    void noStatementIsTouchedOnTheWay(Around around) throws Exception {
        DataSource target = open(around);
        Pool pool = Pool.of(target, () -> 0);
        Connection lent = target.getConnection();
        Statement cut = lent.createStatement();
        Statement drivers = cut.unwrap(org.postgresql.jdbc.PgStatement.class);
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        beside.start("holds the lock", () -> {
            lockOf(drivers).lock();
            held.countDown();
            over.await();
            lockOf(drivers).unlock();
        });
        held.await();
        lent.unwrap(BaseConnection.class).abort(Runnable::run);
        try {
            CompletableFuture<Void> back = beside.start("gives back", () -> pool.discard(lent));
            await().until(back::isDone);
            back.get();
        } finally {
            over.countDown();
        }

        NothingLeft.everySlotIsBack(hikari);
    }

    private static ReentrantLock lockOf(Statement statement) throws ReflectiveOperationException {
        Field lock = org.postgresql.jdbc.PgStatement.class.getDeclaredField("lock");
        lock.setAccessible(true);
        return (ReentrantLock) lock.get(statement);
    }

    /** Before it is started, some versions of HikariCP do not know their default yet. */
    @Test
    void aSizeThatIsNotKnownYetIsNone() throws Exception {
        try (HikariDataSource asked = new HikariDataSource() {
            @Override
            public int getMaximumPoolSize() {
                return -1;
            }
        }) {
            assertThat(Pool.of(asked, () -> 0).size()).isEmpty();
            SelfHealingDataSource.builder(asked).build().close();
        }
    }
}
