package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.pgheal.testserver.PostgresServer;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import javax.management.ObjectName;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.context.Lifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;
import org.springframework.jdbc.core.JdbcTemplate;

/** Spring Boot's default pool, used by its class. */
@Tag("thorough")
class HikariTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Plain {}

    /** Uses its pool while it starts: Spring Boot has no meter of what a pool does not tell by then. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class UsedAtTheStart {
        UsedAtTheStart(JdbcTemplate jdbc) {
            jdbc.execute("SELECT 1");
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class ByClass {
        record Pools(
                HikariDataSource one,
                HikariDataSource provided,
                HikariDataSource optional,
                Collection<HikariDataSource> all) {}

        @Bean
        Pools pools(
                HikariDataSource one,
                ObjectProvider<HikariDataSource> provider,
                Optional<HikariDataSource> optional,
                Map<String, HikariDataSource> all) {
            return new Pools(one, provider.getIfAvailable(), optional.orElse(null), all.values());
        }
    }

    /** Two pools as beans of their class; one bean calls the method of another. */
    @SpringBootConfiguration
    @EnableAutoConfiguration
    static class OwnBeans {
        @Bean
        @Primary
        @ConfigurationProperties("first")
        HikariDataSource first() {
            return new HikariDataSource();
        }

        @Bean
        @ConfigurationProperties("second")
        HikariDataSource second() {
            return new HikariDataSource();
        }

        @Bean
        JdbcTemplate onTheFirst() {
            return new JdbcTemplate(first());
        }
    }

    @Test
    void byDataSource() {
        try (Trial trial = Trial.of(SERVER, "1a Hikari, injected as `DataSource`", Plain.class, "")) {
            trial.guards(1, "dataSource")
                    .heals("dataSource")
                    .does(
                            "a query",
                            () -> assertThat(trial.bean(JdbcTemplate.class).queryForObject("SELECT 1", Integer.class))
                                    .isOne());
        }
    }

    @Test
    void byClass() {
        try (Trial trial = Trial.of(SERVER, "1b Hikari, injected by its class", ByClass.class, "")) {
            trial.guards(1, "dataSource").heals("dataSource").does("each way gives the pool", () -> {
                ByClass.Pools pools = trial.bean(ByClass.Pools.class);
                assertThat(pools.all()).hasSize(1);
                isGuardedPool(pools.one());
                isGuardedPool(pools.provided());
                isGuardedPool(pools.optional());
                isGuardedPool(pools.all().iterator().next());
                isGuardedPool((HikariDataSource) trial.bean(DataSource.class));
                assertThat(trial.context().getBeansOfType(HikariDataSource.class))
                        .containsOnlyKeys("dataSource");
            });
        }
    }

    private static void isGuardedPool(HikariDataSource pool) throws SQLException {
        assertThat(pool).isNotNull();
        assertThat(pool.getMaximumPoolSize()).isEqualTo(Trial.SLOTS);
        try (Connection connection = pool.getConnection()) {
            assertThat(Trial.isGuarded(connection)).isTrue();
            assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isOne();
        }
    }

    @Test
    void ownBeans() {
        try (Trial trial = Trial.of(
                SERVER,
                "1c Hikari, two beans of its class, `new JdbcTemplate(first())`",
                OwnBeans.class,
                "",
                "first.jdbc-url=" + SERVER.url(),
                "first.username=" + SERVER.user(),
                "first.maximum-pool-size=2",
                "second.jdbc-url=" + SERVER.url(),
                "second.username=" + SERVER.user(),
                "second.maximum-pool-size=2")) {
            trial.guards(2, "first", "second")
                    .heals("first")
                    .heals("second")
                    .does("what a method of the configuration returns is guarded, too", () -> {
                        DataSource used = trial.bean(JdbcTemplate.class).getDataSource();
                        assertThat(used).isSameAs(trial.dataSource("first"));
                        try (Connection connection = used.getConnection()) {
                            assertThat(Trial.isGuarded(connection)).isTrue();
                        }
                    });
        }
    }

    @Test
    void meters() {
        try (Trial trial = Trial.of(SERVER, "1d Hikari, Spring Boot's meters of pools", UsedAtTheStart.class, "")) {
            trial.guards(1, "dataSource").heals("dataSource").does("they count", () -> {
                MeterRegistry meters = trial.bean(MeterRegistry.class);
                try (Connection connection = trial.dataSource("dataSource").getConnection()) {
                    assertThat(connection.isValid(1)).isTrue();
                    assertThat(meters.get("jdbc.connections.active").gauge().value())
                            .isEqualTo(1);
                    assertThat(meters.get("hikaricp.connections.active").gauge().value())
                            .isEqualTo(1);
                    assertThat(meters.get("jdbc.connections.max").gauge().value())
                            .isEqualTo(Trial.SLOTS);
                }
            });
        }
    }

    @Test
    void jmx() {
        try (Trial trial = Trial.of(
                SERVER,
                "1e Hikari, `register-mbeans`",
                UsedAtTheStart.class,
                "",
                "spring.jmx.enabled=true",
                "spring.datasource.hikari.pool-name=seen-by-jmx",
                "spring.datasource.hikari.register-mbeans=true")) {
            trial.guards(1, "dataSource")
                    .heals("dataSource")
                    .does(
                            "the pool is seen",
                            () -> assertThat(ManagementFactory.getPlatformMBeanServer()
                                            .getAttribute(
                                                    new ObjectName("com.zaxxer.hikari:type=Pool (seen-by-jmx)"),
                                                    "TotalConnections"))
                                    .isNotEqualTo(0));
        }
    }

    @Test
    void checkpoint() {
        try (Trial trial = Trial.of(
                SERVER,
                "1f Hikari, checkpoint and restore (CRaC)",
                UsedAtTheStart.class,
                "",
                "spring.datasource.hikari.allow-pool-suspension=true")) {
            assertThat(trial.context().getBeansOfType(Lifecycle.class).values())
                    .anyMatch(it -> it.getClass().getSimpleName().equals("HikariCheckpointRestoreLifecycle"));
            trial.does("nothing is connected at the checkpoint, and all is again after it", () -> {
                trial.context().stop();
                await().untilAsserted(
                                () -> assertThat(SERVER.app().sessions("true")).isZero());
                trial.context().start();
                assertThat(trial.bean(JdbcTemplate.class).queryForObject("SELECT 1", Integer.class))
                        .isOne();
            });
            trial.guards(1, "dataSource").heals("dataSource");
        }
    }
}
