package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Spring's own data sources around a pool that is no bean. */
@Tag("thorough")
class SpringProxiesTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    /** Nobody else closes a pool that is no bean. */
    private static final List<HikariDataSource> POOLS = new ArrayList<>();

    @AfterEach
    void closePools() {
        POOLS.forEach(HikariDataSource::close);
        POOLS.clear();
    }

    private static HikariDataSource pool(Environment environment, String name) {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(environment.getProperty("spring.datasource.url"));
        pool.setUsername(environment.getProperty("spring.datasource.username"));
        pool.setPassword(environment.getProperty("spring.datasource.password"));
        pool.setMaximumPoolSize(Trial.SLOTS);
        pool.addDataSourceProperty("ApplicationName", name);
        POOLS.add(pool);
        return pool;
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Plain {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Lazy {
        @Bean
        DataSource dataSource(Environment environment) {
            return new LazyConnectionDataSourceProxy(pool(environment, "lazy"));
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class TransactionAware {
        @Bean
        DataSource dataSource(Environment environment) {
            return new TransactionAwareDataSourceProxy(pool(environment, "aware"));
        }
    }

    /** As teams have one that sets a tenant, a role or a search path. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Delegating {
        static class Counting extends DelegatingDataSource {
            final AtomicInteger borrowed = new AtomicInteger();

            Counting(DataSource target) {
                super(target);
            }

            @Override
            public Connection getConnection() throws SQLException {
                borrowed.incrementAndGet();
                return super.getConnection();
            }
        }

        @Bean
        Counting dataSource(Environment environment) {
            return new Counting(pool(environment, "delegating"));
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Routing {
        static final ThreadLocal<String> SIDE = new ThreadLocal<>();

        @Bean
        AbstractRoutingDataSource dataSource(Environment environment) {
            AbstractRoutingDataSource routing = new AbstractRoutingDataSource() {
                @Override
                protected Object determineCurrentLookupKey() {
                    return SIDE.get();
                }
            };
            HikariDataSource left = pool(environment, "left");
            routing.setTargetDataSources(Map.of("left", left, "right", pool(environment, "right")));
            routing.setDefaultTargetDataSource(left);
            return routing;
        }
    }

    @Test
    void connectionFetchLazy() {
        Assumptions.assumeTrue(
                SpringBootVersion.getVersion().startsWith("4."),
                "spring.datasource.connection-fetch is Spring Boot 4.1's");
        try (Trial trial = Trial.of(
                SERVER,
                "4a `spring.datasource.connection-fetch=lazy`",
                Plain.class,
                "",
                "spring.datasource.connection-fetch=lazy")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it fetches late", () -> fetchesLate(trial));
        }
    }

    @Test
    void lazy() {
        try (Trial trial = Trial.of(SERVER, "4b `LazyConnectionDataSourceProxy`", Lazy.class, "")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it fetches late", () -> fetchesLate(trial));
        }
    }

    private static void fetchesLate(Trial trial) throws SQLException {
        assertThat(trial.bean(DataSource.class)).isInstanceOf(LazyConnectionDataSourceProxy.class);
        HikariDataSource pool = trial.bean(DataSource.class).unwrap(HikariDataSource.class);
        inATransaction(trial, () -> {
            assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
            assertThat(trial.bean(JdbcTemplate.class).queryForObject("SELECT 1", Integer.class))
                    .isOne();
            assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isOne();
        });
    }

    private static void inATransaction(Trial trial, Runnable work) {
        new TransactionTemplate(trial.bean(PlatformTransactionManager.class))
                .executeWithoutResult(status -> work.run());
    }

    @Test
    void transactionAware() {
        try (Trial trial = Trial.of(SERVER, "4c `TransactionAwareDataSourceProxy`", TransactionAware.class, "")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it lends the transaction's connection", () -> {
                DataSource dataSource = trial.bean(DataSource.class);
                inATransaction(trial, () -> {
                    try (Connection one = dataSource.getConnection();
                            Connection same = dataSource.getConnection()) {
                        assertThat(Sql.pid(one)).isEqualTo(Sql.pid(same));
                    } catch (SQLException e) {
                        throw new IllegalStateException(e);
                    }
                });
            });
        }
    }

    @Test
    void delegating() {
        try (Trial trial = Trial.of(SERVER, "4d a subclass of `DelegatingDataSource`", Delegating.class, "")) {
            trial.guards(1, "dataSource").heals("dataSource").does("its own code runs", () -> {
                Delegating.Counting own = trial.bean(Delegating.Counting.class);
                int before = own.borrowed.get();
                assertThat(trial.bean(JdbcTemplate.class).queryForObject("SELECT 1", Integer.class))
                        .isOne();
                assertThat(own.borrowed).hasValue(before + 1);
            });
        }
    }

    @Test
    void routing() {
        try (Trial trial = Trial.of(SERVER, "4e `AbstractRoutingDataSource`", Routing.class, "")) {
            trial.guards(2, "dataSource").heals("dataSource").does("it routes", () -> {
                assertThat(side(trial)).isEqualTo("left");
                Routing.SIDE.set("right");
                try {
                    assertThat(side(trial)).isEqualTo("right");
                    try (Connection connection = trial.dataSource("dataSource").getConnection()) {
                        assertThat(Trial.isGuarded(connection)).isTrue();
                    }
                } finally {
                    Routing.SIDE.remove();
                }
            });
        }
    }

    private static String side(Trial trial) {
        return trial.bean(JdbcTemplate.class)
                .queryForObject("SELECT current_setting('application_name')", String.class);
    }
}
