package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.alibaba.druid.pool.DruidDataSource;
import com.mchange.v2.c3p0.ComboPooledDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.pgheal.testserver.Patience;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.core.BaseConnection;
import org.vibur.dbcp.ViburDBCPDataSource;

/** Pools that pgheal does not know, each with its defaults: none keeps the slot of an aborted connection, or lends it again. */
class GivingUpTest {
    private static final int SLOTS = 2;

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private record Open(DataSource pool, AutoCloseable closing) {}

    enum Kind {
        TOMCAT {
            @Override
            Open open() {
                var pool = new org.apache.tomcat.jdbc.pool.DataSource();
                pool.setDriverClassName("org.postgresql.Driver");
                pool.setUrl(SERVER.url());
                pool.setUsername(SERVER.user());
                pool.setPassword(SERVER.password());
                pool.setInitialSize(1);
                pool.setMaxActive(SLOTS);
                pool.setMaxWait((int) Patience.PATIENCE.toMillis());
                return new Open(pool, () -> pool.close(true));
            }
        },
        DBCP2 {
            @Override
            Open open() {
                BasicDataSource pool = new BasicDataSource();
                pool.setUrl(SERVER.url());
                pool.setUsername(SERVER.user());
                pool.setPassword(SERVER.password());
                pool.setMaxTotal(SLOTS);
                pool.setMaxWait(Patience.PATIENCE);
                return new Open(pool, pool);
            }
        },
        DRUID {
            @Override
            Open open() {
                DruidDataSource pool = new DruidDataSource();
                pool.setUrl(SERVER.url());
                pool.setUsername(SERVER.user());
                pool.setPassword(SERVER.password());
                pool.setMaxActive(SLOTS);
                pool.setMaxWait(Patience.PATIENCE.toMillis());
                return new Open(pool, pool);
            }
        },
        VIBUR {
            @Override
            Open open() {
                ViburDBCPDataSource pool = new ViburDBCPDataSource();
                pool.setJdbcUrl(SERVER.url());
                pool.setUsername(SERVER.user());
                pool.setPassword(SERVER.password());
                pool.setPoolInitialSize(1);
                pool.setPoolMaxSize(SLOTS);
                pool.setConnectionTimeoutInMs(Patience.PATIENCE.toMillis());
                pool.start();
                return new Open(pool, pool);
            }
        },
        C3P0 {
            @Override
            Open open() {
                ComboPooledDataSource pool = new ComboPooledDataSource();
                pool.setJdbcUrl(SERVER.url());
                pool.setUser(SERVER.user());
                pool.setPassword(SERVER.password());
                pool.setInitialPoolSize(1);
                pool.setMinPoolSize(1);
                pool.setMaxPoolSize(SLOTS);
                pool.setCheckoutTimeout((int) Patience.PATIENCE.toMillis());
                return new Open(pool, pool::close);
            }
        },
        /** Without an {@code ExceptionSorter}. */
        AGROAL {
            @Override
            Open open() throws SQLException {
                AgroalDataSource pool = AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                        .connectionPoolConfiguration(it -> it.maxSize(SLOTS)
                                .acquisitionTimeout(Duration.ofMillis(Patience.PATIENCE.toMillis()))
                                .connectionFactoryConfiguration(factory -> factory.jdbcUrl(SERVER.url())
                                        .principal(new NamePrincipal(SERVER.user()))
                                        .credential(new SimplePassword(SERVER.password())))));
                return new Open(pool, pool);
            }
        };

        abstract Open open() throws SQLException;
    }

    @ParameterizedTest
    @EnumSource
    void theSlotIsBackAndNobodyElseNotices(Kind kind) throws Exception {
        Open open = kind.open();
        DataSource target = open.pool();
        try (AutoCloseable closing = open.closing()) {
            Pool pool = Pool.of(target, () -> 0);
            try (Connection other = target.getConnection()) {
                int kept = Sql.pid(other);
                // Who waits in Agroal is woken only by a return, also where Agroal itself found the connection broken.
                for (boolean awaited : new boolean[] {false, kind != Kind.AGROAL, false}) {
                    Connection lent = target.getConnection();
                    lent.setAutoCommit(false);
                    int gone = Sql.pid(lent);
                    CompletableFuture<Connection> next = awaited ? waiting(target) : null;

                    lent.unwrap(BaseConnection.class).abort(Runnable::run);
                    pool.discard(lent);

                    try (Connection lentNext = next == null ? target.getConnection() : next.get()) {
                        assertThat(Sql.pid(lentNext)).isNotIn(gone, kept);
                        lent.close(); // late
                        assertThat(Sql.number(lentNext, "SELECT 1")).isEqualTo(1);
                    }
                    assertThat(Sql.pid(other)).isEqualTo(kept);
                }
            }
        }
    }

    /** Blocked in the pool: DBCP does not see one that is about to wait, and makes no connection for that one. */
    private CompletableFuture<Connection> waiting(DataSource target) {
        AtomicReference<Thread> waiter = new AtomicReference<>();
        CompletableFuture<Connection> next = beside.start("waiter", () -> {
            waiter.set(Thread.currentThread());
            return target.getConnection();
        });
        await().until(() -> waiter.get() != null
                && Set.of(Thread.State.WAITING, Thread.State.TIMED_WAITING)
                        .contains(waiter.get().getState()));
        return next;
    }
}
