package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.opentelemetry.sdk.autoconfigure.spi.AutoConfigurationCustomizerProvider;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.pgheal.testserver.PostgresServer;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.jdbc.core.JdbcTemplate;

/** OpenTelemetry's starter, which wraps data sources to make spans. */
@Tag("thorough")
class OpenTelemetryTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Traced {
        static class Spans implements SpanExporter {
            final List<SpanData> ended = new CopyOnWriteArrayList<>();

            @Override
            public CompletableResultCode export(Collection<SpanData> spans) {
                ended.addAll(spans);
                return CompletableResultCode.ofSuccess();
            }

            @Override
            public CompletableResultCode flush() {
                return CompletableResultCode.ofSuccess();
            }

            @Override
            public CompletableResultCode shutdown() {
                return CompletableResultCode.ofSuccess();
            }
        }

        @Bean
        Spans spans() {
            return new Spans();
        }

        @Bean
        AutoConfigurationCustomizerProvider exporter(Spans spans) {
            return customizer -> customizer.addTracerProviderCustomizer(
                    (provider, properties) -> provider.addSpanProcessor(SimpleSpanProcessor.create(spans)));
        }
    }

    @Test
    void spansOfQueries() {
        traced("6a OpenTelemetry's starter");
    }

    @Test
    void spansOfConnectionsToo() {
        traced(
                "6b OpenTelemetry's starter, spans of `getConnection()`, too",
                "otel.instrumentation.jdbc-datasource.enabled=true");
    }

    private static void traced(String line, String... properties) {
        String[] all = new String[properties.length + 3];
        all[0] = "otel.traces.exporter=none";
        all[1] = "otel.metrics.exporter=none";
        all[2] = "otel.logs.exporter=none";
        System.arraycopy(properties, 0, all, 3, properties.length);
        try (Trial trial = Trial.of(SERVER, line, Traced.class, "opentelemetry", all)) {
            trial.guards(1, "dataSource").heals("dataSource").does("a span for a query", () -> {
                List<SpanData> spans = trial.bean(Traced.Spans.class).ended;
                spans.clear();
                trial.bean(JdbcTemplate.class).queryForObject("SELECT 1", Integer.class);
                await().until(() -> !of(spans, "SELECT").isEmpty());
                assertThat(of(spans, "SELECT")).hasSize(1);
            });
        }
    }

    private static List<String> of(List<SpanData> spans, String operation) {
        return spans.stream()
                .map(SpanData::getName)
                .filter(it -> it.startsWith(operation))
                .toList();
    }
}
