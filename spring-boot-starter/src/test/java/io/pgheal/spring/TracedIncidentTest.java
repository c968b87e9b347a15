package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import brave.Tracing;
import brave.propagation.ThreadLocalCurrentTraceContext;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.example.LoginApplication;
import io.micrometer.tracing.Span;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.brave.bridge.BraveBaggageManager;
import io.micrometer.tracing.brave.bridge.BraveCurrentTraceContext;
import io.micrometer.tracing.brave.bridge.BraveTracer;
import io.pgheal.SelfHealingDataSource;
import io.pgheal.heal.OutcomeKind;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import io.pgheal.track.LeaseScope;
import io.pgheal.track.TraceContext;
import io.prometheus.metrics.tracer.common.SpanContext;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

/** An incident names the span in which its connection was borrowed. */
@Tag("thorough")
class TracedIncidentTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeAll
    static void createTable() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE traced (id int PRIMARY KEY)");
            statement.execute("INSERT INTO traced VALUES (1)");
        }
    }

    /** Starting an application sets its logging up anew. */
    private RunningApplication start(Class<?> type) {
        RunningApplication application = RunningApplication.start(type, SERVER);
        log.start();
        logger().addAppender(log);
        return application;
    }

    @AfterEach
    void stopListening() {
        logger().detachAppender(log);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("io.pgheal.incident");
    }

    /** What Spring Boot would make of the jars, without the senders. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(LoginApplication.Ear.class)
    static class Traced {
        @Bean(destroyMethod = "close")
        Tracing tracing() {
            return Tracing.newBuilder()
                    .currentTraceContext(ThreadLocalCurrentTraceContext.create())
                    .build();
        }

        @Bean
        Tracer tracer(Tracing tracing) {
            return new BraveTracer(
                    tracing.tracer(),
                    new BraveCurrentTraceContext(tracing.currentTraceContext()),
                    new BraveBaggageManager());
        }

        /** As Spring Boot's own. */
        @Bean
        SpanContext spanContext(Tracer tracer) {
            return new SpanContext() {
                @Override
                public String getCurrentTraceId() {
                    Span span = tracer.currentSpan();
                    return span == null ? null : span.context().traceId();
                }

                @Override
                public String getCurrentSpanId() {
                    Span span = tracer.currentSpan();
                    return span == null ? null : span.context().spanId();
                }

                @Override
                public boolean isCurrentSpanSampled() {
                    Span span = tracer.currentSpan();
                    return span != null && Boolean.TRUE.equals(span.context().sampled());
                }

                @Override
                public void markCurrentSpanAsExemplar() {}
            };
        }
    }

    @Test
    void byTheTracerOfTheApplication(@TempDir Path directory) throws Exception {
        try (RunningApplication application = start(Traced.class);
                Recording recording = new Recording()) {
            recording.start();
            Tracer tracer = application.context.getBean(Tracer.class);
            Span span = tracer.nextSpan().start();
            try (Tracer.SpanInScope inside = tracer.withSpan(span)) {
                leak(application.guard());
            } finally {
                span.end();
            }
            Incident incident = awaitHealed(application.guard());
            // Listeners are told last.
            await().until(() -> !application
                    .context
                    .getBean(LoginApplication.Ear.class)
                    .heard
                    .isEmpty());

            Map<String, Object> told = application.json("/actuator/pgheal/" + incident.id());
            assertThat(told)
                    .containsEntry("traceId", span.context().traceId())
                    .containsEntry("spanId", span.context().spanId());
            assertThat(keyValues(incident))
                    .contains("pgheal.trace_id=\"" + span.context().traceId() + "\"")
                    .contains("pgheal.span_id=\"" + span.context().spanId() + "\"");
            Path file = directory.resolve("incident.jfr");
            recording.dump(file);
            assertThat(RecordingFile.readAllEvents(file))
                    .filteredOn(event -> event.getEventType().getName().equals("pgheal.Incident"))
                    .extracting((RecordedEvent event) -> event.getString("traceId"))
                    .contains(span.context().traceId());
            assertThat(application.getAs("/actuator/prometheus", "application/openmetrics-text; version=1.0.0"))
                    .containsPattern("pgheal_time_to_heal_seconds_bucket\\{.*# \\{.*trace_id=\""
                            + span.context().traceId());
        }
    }

    @Test
    void byTheLogWhereThereIsNoTracer() throws Exception {
        try (RunningApplication application = start(LoginApplication.class)) {
            MDC.put("traceId", "made-up-trace");
            MDC.put("spanId", "made-up-span");
            leak(application.guard());
            MDC.clear();
            Incident incident = awaitHealed(application.guard());
            assertThat(application.json("/actuator/pgheal/" + incident.id()))
                    .containsEntry("traceId", "made-up-trace")
                    .containsEntry("spanId", "made-up-span");
        }
    }

    @Test
    void orNone() throws Exception {
        try (RunningApplication application = start(Traced.class)) {
            leak(application.guard());
            Incident incident = awaitHealed(application.guard());
            assertThat(application.json("/actuator/pgheal/" + incident.id())).containsEntry("traceId", null);
            assertThat(keyValues(incident)).doesNotContain("trace_id");
        }
    }

    private static void leak(SelfHealingDataSource dataSource) throws SQLException {
        await().until(() -> dataSource.healer().connected());
        try (LeaseScope scope = dataSource.scope("work")) {
            Connection connection = dataSource.getConnection();
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.executeUpdate("UPDATE traced SET id = id");
            }
        }
    }

    private Incident awaitHealed(SelfHealingDataSource dataSource) {
        List<Incident> incidents = await().until(
                        dataSource::incidents,
                        told -> told.stream().anyMatch(incident -> incident.outcome() == OutcomeKind.HEALED));
        await().until(() -> List.copyOf(log.list).stream()
                .anyMatch(event -> event.getFormattedMessage()
                        .startsWith("incident " + incidents.get(0).id())));
        return incidents.get(0);
    }

    /** Spring Boot has one where there is none. */
    @Test
    void byTheLogWhereTheTracerDoesNothing() {
        DefaultListableBeanFactory beans = new DefaultListableBeanFactory();
        beans.registerSingleton("tracer", Tracer.NOOP);
        SpanTracing tracing = new SpanTracing(beans.getBeanProvider(Tracer.class));
        tracing.afterSingletonsInstantiated();
        MDC.put("traceId", "12ab");
        MDC.put("spanId", "34cd");
        try {
            assertThat(tracing.current()).isEqualTo(new TraceContext("12ab", "34cd", false));
        } finally {
            MDC.clear();
        }
        assertThat(tracing.current()).isNull();
    }

    private String keyValues(Incident incident) {
        return List.copyOf(log.list).stream()
                .filter(event -> event.getKeyValuePairs() != null
                        && event.getFormattedMessage().contains(incident.id()))
                .map(event -> event.getKeyValuePairs().toString())
                .findFirst()
                .orElseThrow();
    }
}
