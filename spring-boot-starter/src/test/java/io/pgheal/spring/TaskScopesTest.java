package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.example.TaskApplication;
import io.pgheal.detect.Evidence;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.RabbitListenerEndpointRegistry;
import org.springframework.boot.SpringBootVersion;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.kafka.config.KafkaListenerEndpointRegistry;

/** Units of work that are no servlet requests, in an application that was started as users start theirs. */
class TaskScopesTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    private static RunningApplication application;
    private static TaskApplication.Work work;

    @BeforeAll
    static void start() throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE work (row text PRIMARY KEY, done int NOT NULL)");
            statement.execute(
                    "INSERT INTO work SELECT unnest(ARRAY['async', 'plain', 'submitted', 'ordinary', 'scheduled', 'rate',"
                            + " 'concurrent', 'adapted',"
                            + " 'jms', 'kafka', 'amqp']), 0");
        }
        application = RunningApplication.start(
                TaskApplication.class,
                SERVER,
                "test.with=jms,artemis",
                "spring.main.web-application-type=none",
                "spring.artemis.mode=embedded",
                "spring.task.execution.mode=force",
                "pgheal.abandoned.retained=heal",
                "pgheal.abandoned.grace=100ms",
                "pgheal.abandoned.patience=300ms",
                "pgheal.diagnosis.deadline=30s"); // the whole story, however slow the machine
        work = application.context.getBean(TaskApplication.Work.class);
        await().until(() -> application.guard().healer().connected());
    }

    @AfterAll
    static void stop() {
        application.close();
    }

    @Test
    void anAsynchronousCallWhoseErrorNobodyHears() throws SQLException {
        int before = TaskApplication.DECORATED.get();
        work.asynchronously("async");
        assertHealed("async", Strength.CERTAIN, "a task of applicationTaskExecutor ended by " + FAULT);
        assertThat(TaskApplication.DECORATED.get())
                .as("the application's own decorator is in force")
                .isGreaterThan(before);
    }

    @Test
    void anAsynchronousCallOnAnExecutorThatTakesNoDecorator() throws SQLException {
        work.onAPlainExecutor("plain");
        assertHealed("plain", Strength.CERTAIN, "@Async Work.onAPlainExecutor ended by " + FAULT);
    }

    @Test
    void aTaskWhoseFutureKeepsItsError() throws SQLException {
        Future<?> future = executor().submit((Callable<Void>) () -> {
            work.lock("submitted");
            throw new TaskApplication.Fault();
        });
        assertHealed("submitted", Strength.CERTAIN, "a task of applicationTaskExecutor ended by " + FAULT);
        assertThat(future.isDone()).isTrue();
    }

    @Test
    void aTaskThatEndsWellAndLeavesATransactionProvesLess() throws SQLException {
        executor().submit((Callable<Void>) () -> {
            work.lock("ordinary");
            return null;
        });
        assertHealed("ordinary", Strength.SUSPICION, "a task of applicationTaskExecutor ended");
    }

    @Test
    void aScheduledMethod() throws SQLException {
        work.schedule("scheduled");
        assertHealed("scheduled", Strength.SUSPICION, "a task of taskScheduler ended");
    }

    @Test
    void aScheduledMethodWhoseErrorSpringSwallowsProvesLess() throws SQLException {
        work.scheduleAtRate("rate");
        assertHealed("rate", Strength.SUSPICION, "a task of taskScheduler ended");
    }

    @Test
    void aTaskOfAnExecutorThatSpringWrapsAroundAnother() throws SQLException {
        for (String wrapper : List.of("concurrent", "adapted")) {
            AsyncTaskExecutor executor = application.context.getBean(wrapper, AsyncTaskExecutor.class);
            executor.submit((Callable<Void>) () -> {
                work.lock(wrapper);
                throw new TaskApplication.Fault();
            });
            assertHealed(wrapper, Strength.CERTAIN, "a task of " + wrapper + " ended by " + FAULT);
        }
    }

    @Test
    void aTaskThatItsExecutorRunsOnTheSubmittersThreadIsPartOfTheSubmittersWork() throws Exception {
        TaskScopes scopes = new TaskScopes(application.context.getBeanProvider(GuardedDataSources.class));
        List<Boolean> unitOfItsOwn = new ArrayList<>();
        WorkScopes submitter = scopes.begin("the submitter");
        Runnable task = scopes.around(null, "a task")
                .decorate(() -> unitOfItsOwn.add(WorkScopes.current() != submitter && WorkScopes.current() != null));
        task.run();
        Thread other = new Thread(task);
        other.start();
        other.join();
        submitter.close();
        task.run(); // a worker that submitted it to its own executor, and comes to it later
        assertThat(unitOfItsOwn).containsExactly(false, true, true);
    }

    /** A real broker, in this JVM. */
    @Test
    void aListenerOfJms() throws SQLException {
        assumeTrue(
                Runtime.version().feature() < 24
                        || SpringBootVersion.getVersion().compareTo("4") > 0,
                "the broker that comes with Spring Boot 3.5 does not start on JDK 24 and later: Subject.getSubject");
        application.context.getBean(JmsTemplate.class).convertAndSend("rows", "jms");
        assertHealed("jms", Strength.CERTAIN, "a JMS message from rows ended by " + FAULT);
    }

    /** Without a broker: Kafka's own stand-in for a consumer delivers to the application's container. */
    @Test
    void aListenerOfKafka() throws SQLException {
        application
                .context
                .getBean(KafkaListenerEndpointRegistry.class)
                .getListenerContainer("kafkaRows")
                .start();
        assertHealed("kafka", Strength.CERTAIN, "a Kafka record for kafkaListenerContainerFactory ended by " + FAULT);
    }

    /** Without a broker: one delivery, as the application's container makes it. */
    @Test
    void aListenerOfRabbit() throws Exception {
        // Reflectively: what it returns is of another package in Spring AMQP 4.
        RabbitListenerEndpointRegistry registry = application.context.getBean(RabbitListenerEndpointRegistry.class);
        Object container = registry.getClass()
                .getMethod("getListenerContainer", String.class)
                .invoke(registry, "amqpRows");
        MessageProperties text = new MessageProperties();
        text.setContentType(MessageProperties.CONTENT_TYPE_TEXT_PLAIN);
        Message message = new Message("amqp".getBytes(StandardCharsets.UTF_8), text);
        Method deliver = AbstractMessageListenerContainer.class.getDeclaredMethod(
                "invokeListener", com.rabbitmq.client.Channel.class, Object.class);
        deliver.setAccessible(true);
        assertThatThrownBy(() -> deliver.invoke(container, null, message))
                .hasRootCauseInstanceOf(TaskApplication.Fault.class);
        assertHealed("amqp", Strength.CERTAIN, "an AMQP message for rabbitListenerContainerFactory ended by " + FAULT);
    }

    private static final String FAULT = TaskApplication.Fault.class.getName();

    private static AsyncTaskExecutor executor() {
        return application.context.getBean("applicationTaskExecutor", AsyncTaskExecutor.class);
    }

    private static void assertHealed(String row, Strength strength, String scope) throws SQLException {
        await().until(() -> incidentOf(scope) != null && isFree(row));
        Incident incident = incidentOf(scope);
        assertThat(incident.evidence().get(0))
                .extracting(Evidence::kind, Evidence::strength, Evidence::detail)
                .containsExactly(EvidenceKind.SCOPE_ENDED, strength, scope);
    }

    private static Incident incidentOf(String scope) {
        List<Incident> all = application.guard().incidents();
        return all.stream()
                .filter(incident -> incident.evidence().stream()
                        .anyMatch(evidence -> evidence.detail().equals(scope)))
                .findFirst()
                .orElse(null);
    }

    private static boolean isFree(String row) throws SQLException {
        try (Connection connection = SERVER.connection();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT 1 FROM work WHERE row = '" + row + "' FOR UPDATE NOWAIT");
            return true;
        } catch (SQLException e) {
            if ("55P03".equals(e.getSQLState())) {
                return false;
            }
            throw e;
        }
    }
}
