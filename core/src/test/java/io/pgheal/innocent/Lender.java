package io.pgheal.innocent;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** The pool of an innocent. */
interface Lender extends AutoCloseable {
    interface Opener {
        Lender open(PostgresServer server, String name, int slots) throws SQLException;
    }

    /** How it is guarded. */
    SelfHealingDataSource.Builder guarded();

    /** Whether a thread waits for a connection while all that there are are lent: no new one is about to come. */
    boolean isExhausted();

    @Override
    void close();

    /** HikariCP, as most have it. */
    static Lender usual(PostgresServer server, String name, int slots) {
        HikariDataSource pool = server.app().pool(name, slots, it -> it.setConnectionTimeout(600_000));
        return new Hikari(pool, slots, SelfHealingDataSource.builder(pool), () -> {});
    }

    /** May lend twice as many, but is still opening the first of the others when all is over. */
    static Lender slowToGrow(PostgresServer server, String name, int slots) {
        AtomicInteger opened = new AtomicInteger();
        CountDownLatch closed = new CountDownLatch(1);
        HikariConfig config = new HikariConfig();
        config.setDataSource(new DelegatingDataSource(server.app().dataSource()) {
            @Override
            public Connection getConnection() throws SQLException {
                if (opened.incrementAndGet() > slots) {
                    try {
                        closed.await();
                    } catch (InterruptedException closing) {
                        throw new SQLException("never opened", closing);
                    }
                }
                return super.getConnection();
            }
        });
        config.setPoolName(name);
        config.setMaximumPoolSize(2 * slots);
        config.setMinimumIdle(0);
        config.setInitializationFailTimeout(-1);
        config.setConnectionTimeout(600_000);
        HikariDataSource pool = new HikariDataSource(config);
        return new Hikari(
                pool,
                slots,
                SelfHealingDataSource.builder(pool)
                        .controlDataSource(server.app().dataSource()),
                closed::countDown);
    }

    record Hikari(HikariDataSource pool, int slots, SelfHealingDataSource.Builder guarded, Runnable before)
            implements Lender {
        @Override
        public boolean isExhausted() {
            HikariPoolMXBean now = pool.getHikariPoolMXBean();
            return now.getActiveConnections() == slots && now.getThreadsAwaitingConnection() > 0;
        }

        @Override
        public void close() {
            before.run();
            pool.close();
        }
    }
}
