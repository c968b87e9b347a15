package io.pgheal.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.example.TaskApplication;
import io.pgheal.detect.Evidence;
import io.pgheal.detect.EvidenceKind;
import io.pgheal.detect.Strength;
import io.pgheal.report.Incident;
import io.pgheal.testserver.PostgresServer;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import org.aopalliance.aop.Advice;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.amqp.rabbit.config.SimpleRabbitListenerContainerFactory;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.boot.SpringBootVersion;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.listener.MessageListener;

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
                    "INSERT INTO work SELECT unnest(ARRAY['async', 'plain', 'submitted', 'ordinary', 'scheduled',"
                            + " 'jms', 'kafka', 'amqp']), 0");
        }
        application = RunningApplication.start(
                TaskApplication.class,
                SERVER,
                "test.with=jms,artemis",
                "spring.main.web-application-type=none",
                "spring.artemis.mode=embedded",
                "spring.task.execution.mode=force",
                "pgheal.abandoned.thread-evidence=off",
                "pgheal.abandoned.grace=100ms",
                "pgheal.abandoned.patience=300ms",
                "pgheal.diagnosis.deadline=1s");
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
        assertHealed("ordinary", Strength.STRONG, "a task of applicationTaskExecutor ended");
    }

    @Test
    void aScheduledMethod() throws SQLException {
        work.schedule("scheduled");
        assertHealed("scheduled", Strength.STRONG, "a task of taskScheduler ended");
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

    /** Without a broker: the listener is called as its container calls it, through the factory's advice. */
    @Test
    void aListenerOfKafka() throws SQLException {
        ConcurrentKafkaListenerContainerFactory<String, String> factory =
                new ConcurrentKafkaListenerContainerFactory<>();
        new KafkaScopes(scopes()).postProcessAfterInitialization(factory, "kafkaFactory");
        MessageListener<String, String> listener = message -> leak("kafka");
        factory.getContainerProperties().setMessageListener(listener);
        @SuppressWarnings("unchecked")
        MessageListener<String, String> advised = (MessageListener<String, String>)
                factory.getContainerProperties().getMessageListener();
        assertThat(advised).isNotNull();
        catching(() -> advised.onMessage(null));
        assertHealed("kafka", Strength.CERTAIN, "a Kafka record for kafkaFactory ended by " + FAULT);
    }

    @Test
    void aListenerOfRabbit() throws SQLException {
        SimpleRabbitListenerContainerFactory factory = new SimpleRabbitListenerContainerFactory();
        new RabbitScopes(scopes()).postProcessAfterInitialization(factory, "rabbitFactory");
        Runnable listener = (Runnable) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Runnable.class}, (proxy, method, arguments) -> {
                    leak("amqp");
                    return null;
                });
        ProxyFactory advised = new ProxyFactory(listener);
        for (Advice advice : factory.getAdviceChain()) {
            advised.addAdvice(advice);
        }
        catching((Runnable) advised.getProxy());
        assertHealed("amqp", Strength.CERTAIN, "an AMQP message for rabbitFactory ended by " + FAULT);
    }

    private static final String FAULT = TaskApplication.Fault.class.getName();

    private static AsyncTaskExecutor executor() {
        return application.context.getBean("applicationTaskExecutor", AsyncTaskExecutor.class);
    }

    private static TaskScopes scopes() {
        return new TaskScopes(application.context.getBeanProvider(GuardedDataSources.class));
    }

    private static void leak(String row) {
        try {
            work.lock(row);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        throw new TaskApplication.Fault();
    }

    private static void catching(Runnable work) {
        try {
            work.run();
        } catch (TaskApplication.Fault expected) {
            return;
        }
        throw new AssertionError("the fault did not come through");
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
