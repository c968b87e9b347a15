package io.pgheal.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.SideBySide;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class HikariPoolTest {
    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @RegisterExtension
    final SideBySide beside = new SideBySide();

    private final Semaphore mayConnect = new Semaphore(1);

    /** The server takes its time for each connection. */
    private DataSource slow() {
        DataSource quick = SERVER.app().dataSource();
        return (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        mayConnect.acquire();
                    }
                    try {
                        return method.invoke(quick, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Test
    void whoWaitsForAConnectionThatIsBeingOpenedWaitsForNoSlot() throws Exception {
        HikariConfig config = new HikariConfig();
        config.setDataSource(slow());
        config.setMaximumPoolSize(2);
        config.setMinimumIdle(0);
        config.setInitializationFailTimeout(-1); // or the one that may be opened would be for a look only
        try (HikariDataSource hikari = new HikariDataSource(config)) {
            Pool pool = Pool.of(hikari, () -> 0);
            Connection first = hikari.getConnection();
            CompletableFuture<Connection> second = beside.start("second", () -> {
                return hikari.getConnection();
            });
            await().until(() -> hikari.getHikariPoolMXBean().getThreadsAwaitingConnection() == 1);
            assertThat(hikari.getHikariPoolMXBean().getIdleConnections()).isZero();
            assertThat(pool.isExhausted()).isFalse();

            mayConnect.release(10);
            second.get();
            assertThat(pool.isExhausted()).as("nobody waits").isFalse();
            CompletableFuture<Connection> third = beside.start("third", () -> {
                return hikari.getConnection();
            });
            await().until(pool::isExhausted);

            first.close();
            third.get().close();
            assertThat(pool.isExhausted()).isFalse();
            second.get().close();
        }
    }
}
