package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgheal.testserver.PostgresServer;
import java.sql.Connection;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;

/** Drivers that wrap PostgreSQL's, by their URL. */
@Tag("thorough")
class WrappingUrlsTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Plain {}

    @ParameterizedTest
    @CsvSource({
        "7a, otel, io.opentelemetry.instrumentation.jdbc.OpenTelemetryDriver,"
                + " io.opentelemetry.instrumentation.jdbc.internal.OpenTelemetryConnection",
        "7b, p6spy, com.p6spy.engine.spy.P6SpyDriver, com.p6spy.engine.wrapper.ConnectionWrapper",
        "7c, aws-wrapper, software.amazon.jdbc.Driver, software.amazon.jdbc.wrapper.ConnectionWrapper"
    })
    void wrapped(String number, String prefix, String driver, Class<?> connectionType) {
        try (Trial trial = Trial.of(
                SERVER,
                number + " `jdbc:" + prefix + ":postgresql:`",
                Plain.class,
                "",
                "spring.datasource.url=" + SERVER.url().replace("jdbc:", "jdbc:" + prefix + ":"),
                "spring.datasource.driver-class-name=" + driver)) {
            trial.guards(1, "dataSource").heals("dataSource").does("the driver lends its own connections", () -> {
                try (Connection connection = trial.dataSource("dataSource").getConnection()) {
                    assertThat(connection.isWrapperFor(connectionType)).isTrue();
                }
            });
        }
    }
}
