package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.testserver.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.cloud.context.config.annotation.RefreshScope;
import org.springframework.context.annotation.Bean;
import org.springframework.jdbc.core.JdbcTemplate;

/** Spring Cloud, which makes the data source anew, or binds it again, while the application runs. */
@Tag("thorough")
class SpringCloudTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @TempDir
    static Path files;

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Plain {}

    /** As a team writes it that wants its pool refreshed. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Refreshed {
        @Bean
        @RefreshScope
        @ConfigurationProperties("pool")
        HikariDataSource dataSource() {
            return new HikariDataSource();
        }
    }

    /** The same by the interface. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class RefreshedDataSource {
        @Bean
        @RefreshScope
        @ConfigurationProperties("pool")
        DataSource dataSource() {
            return new HikariDataSource();
        }
    }

    /** Spring Cloud itself leaves a pool of Hikari's alone, unless it is told otherwise. */
    @Test
    void bound() throws IOException {
        refreshed(2, "3a Spring Cloud, `/actuator/refresh` with a changed pool size", "bound.properties");
    }

    @Test
    void extraRefreshable() throws IOException {
        refreshed(
                3,
                "3b Spring Cloud, the same with `spring.cloud.refresh.extra-refreshable`",
                "extra.properties",
                "spring.cloud.refresh.extra-refreshable=com.zaxxer.hikari.HikariDataSource");
    }

    private static void refreshed(int size, String line, String name, String... properties) throws IOException {
        String[] all = new String[properties.length + 2];
        all[0] = "spring.datasource.hikari.maximum-pool-size=${size}";
        all[1] = "spring.config.additional-location=file:" + write(name, "size=2");
        System.arraycopy(properties, 0, all, 2, properties.length);
        try (Trial trial = Trial.of(SERVER, line, Plain.class, "cloud", all)) {
            refresh(trial, name, "size=3", size);
        }
    }

    /** What is true of the data source before, is true afterwards. */
    private static void refresh(Trial trial, String name, String changed, int size) {
        trial.guards(1, "dataSource").heals("dataSource");
        trial.does("the application goes on with " + size + " slots", () -> {
            write(name, changed);
            assertThat(trial.post("/actuator/refresh")).contains(changed.replaceAll("=.*", ""));
            assertThat(trial.bean(JdbcTemplate.class).queryForObject("SELECT 1", Integer.class))
                    .isOne();
            assertThat(trial.dataSource("dataSource")
                            .unwrap(HikariDataSource.class)
                            .getMaximumPoolSize())
                    .isEqualTo(size);
        });
        trial.guards(1, "dataSource").heals("dataSource", size);
    }

    @Test
    void inTheScopeByClass() throws IOException {
        inTheScope("3c Spring Cloud, a `@RefreshScope` bean of Hikari's class", Refreshed.class, "scope.properties");
    }

    @Test
    void inTheScopeByInterface() throws IOException {
        inTheScope(
                "3d Spring Cloud, a `@RefreshScope` bean of `DataSource`",
                RefreshedDataSource.class,
                "interface.properties");
    }

    private static void inTheScope(String line, Class<?> application, String name) throws IOException {
        Path file = write(name, "pool.maximum-pool-size=2");
        try (Trial trial = Trial.of(
                SERVER,
                line,
                application,
                "cloud",
                "pool.jdbc-url=" + SERVER.url(),
                "pool.username=" + SERVER.user(),
                "spring.config.additional-location=file:" + file)) {
            refresh(trial, name, "pool.maximum-pool-size=3", 3);
        }
    }

    private static Path write(String name, String text) throws IOException {
        return Files.writeString(files.resolve(name), text);
    }
}
