package com.example.neighbours;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pgheal.testserver.PostgresServer;
import io.pgheal.testserver.Sql;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.provider.jdbctemplate.JdbcTemplateLockProvider;
import net.javacrumbs.shedlock.spring.annotation.EnableSchedulerLock;
import net.javacrumbs.shedlock.spring.annotation.SchedulerLock;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.springframework.batch.core.job.SimpleJob;
import org.springframework.batch.core.partition.support.SimplePartitioner;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.AbstractStep;
import org.springframework.batch.core.step.builder.StepBuilder;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.core.step.tasklet.TaskletStep;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.task.TaskExecutor;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.session.Session;
import org.springframework.session.SessionRepository;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.jta.JtaTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.util.MethodInvoker;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What borrows connections on threads, in jobs and in transactions of its own. */
@Tag("thorough")
class WorkTest {

    @RegisterExtension
    static final PostgresServer SERVER = PostgresServer.shared();

    @TempDir
    static Path files;

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Plain {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Reactive {
        @Bean
        RouterFunction<ServerResponse> routes(JdbcTemplate jdbc, DataSource dataSource) {
            return RouterFunctions.route()
                    .GET(
                            "/thread",
                            request -> Mono.fromCallable(() -> {
                                        jdbc.execute("SELECT 1");
                                        return Thread.currentThread().getName();
                                    })
                                    .subscribeOn(Schedulers.boundedElastic())
                                    .flatMap(ServerResponse.ok()::bodyValue))
                    .GET(
                            "/leak",
                            request -> Mono.fromCallable(() -> leak(dataSource))
                                    .subscribeOn(Schedulers.boundedElastic())
                                    .onErrorResume(IllegalStateException.class, e -> Mono.just(e.getMessage()))
                                    .flatMap(ServerResponse.ok()::bodyValue))
                    .build();
        }

        private static String leak(DataSource dataSource) throws Exception {
            Connection connection = dataSource.getConnection();
            connection.setAutoCommit(false);
            Sql.run(connection, "UPDATE leaked SET n = n + 1");
            throw new IllegalStateException("left behind");
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Quartz {
        static final AtomicInteger RUNS = new AtomicInteger();

        public static class Count implements Job {
            @Override
            public void execute(JobExecutionContext context) {
                RUNS.incrementAndGet();
            }
        }

        @Bean
        JobDetail job() {
            return JobBuilder.newJob(Count.class)
                    .withIdentity("count")
                    .storeDurably()
                    .build();
        }

        @Bean
        Trigger trigger(JobDetail job) {
            return TriggerBuilder.newTrigger()
                    .forJob(job)
                    .withIdentity("often")
                    .withSchedule(SimpleScheduleBuilder.repeatSecondlyForTotalCount(2))
                    .build();
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @EnableScheduling
    @EnableSchedulerLock(defaultLockAtMostFor = "1m")
    static class Locked {
        static final AtomicInteger RUNS = new AtomicInteger();

        static class Task {
            @Scheduled(fixedDelay = 100)
            @SchedulerLock(name = "task")
            public void run() {
                RUNS.incrementAndGet();
            }
        }

        @Bean
        LockProvider locks(DataSource dataSource) {
            return new JdbcTemplateLockProvider(dataSource);
        }

        @Bean
        Task task() {
            return new Task();
        }
    }

    /** By few types, for Spring Batch 5 and 6 keep the others in different packages. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Partitioned {
        @Bean
        SimpleJob job(
                JobRepository repository,
                PlatformTransactionManager transactions,
                JdbcTemplate jdbc,
                @Qualifier("applicationTaskExecutor") TaskExecutor threads)
                throws Exception {
            Tasklet tasklet = (Tasklet) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {Tasklet.class}, (proxy, method, arguments) -> {
                        if (method.getName().equals("execute")) {
                            jdbc.update(
                                    "INSERT INTO partitions VALUES (?)",
                                    Thread.currentThread().getName());
                            return null;
                        }
                        return method.getName().equals("hashCode") ? (Object) 1 : null;
                    });
            TaskletStep worker = new StepBuilder("worker", repository)
                    .tasklet(tasklet, transactions)
                    .build();
            Object step =
                    call(new StepBuilder("partitioned", repository), "partitioner", "worker", new SimplePartitioner());
            step = call(step, "step", worker);
            step = call(step, "gridSize", 3);
            step = call(step, "taskExecutor", threads);
            SimpleJob job = new SimpleJob("job");
            job.setJobRepository(repository);
            job.setSteps(List.of((AbstractStep) call(step, "build")));
            return job;
        }

        private static Object call(Object target, String method, Object... arguments) throws Exception {
            MethodInvoker invoker = new MethodInvoker();
            invoker.setTargetObject(target);
            invoker.setTargetMethod(method);
            invoker.setArguments(arguments);
            invoker.prepare();
            return invoker.invoke();
        }
    }

    @Test
    void webFlux() {
        try (Trial trial = Trial.of(
                SERVER,
                "9a WebFlux on `boundedElastic`",
                Reactive.class,
                "",
                "spring.main.web-application-type=reactive")) {
            trial.guards(1, "dataSource")
                    .heals("dataSource")
                    .does(
                            "a query on its thread",
                            () -> assertThat(trial.get("/thread")).startsWith("boundedElastic"));
            trial.heals("dataSource", () -> assertThat(trial.get("/leak")).isEqualTo("left behind"));
        }
    }

    @Test
    void quartz() {
        try (Trial trial = Trial.of(
                SERVER,
                "9b Quartz, jobs in the database",
                Quartz.class,
                "quartz",
                "spring.quartz.job-store-type=jdbc",
                "spring.quartz.jdbc.initialize-schema=always",
                "spring.quartz.properties.org.quartz.jobStore.driverDelegateClass="
                        + "org.quartz.impl.jdbcjobstore.PostgreSQLDelegate")) {
            trial.guards(1, "dataSource")
                    .heals("dataSource")
                    .does("its job runs", () -> await().until(() -> Quartz.RUNS.get() >= 2));
        }
    }

    @Test
    void shedLock() {
        try (Trial trial = Trial.of(
                SERVER,
                "9c ShedLock",
                Locked.class,
                "",
                "spring.sql.init.mode=always",
                "spring.sql.init.schema-locations=classpath:db/scripts/shedlock.sql")) {
            trial.guards(1, "dataSource").heals("dataSource").does("its task runs", () -> {
                await().until(() -> Locked.RUNS.get() >= 2);
                assertThat(SERVER.app().number("SELECT count(*) FROM shedlock WHERE name = 'task'"))
                        .isOne();
            });
        }
    }

    @Test
    void batch() throws Exception {
        SERVER.app().run("CREATE TABLE partitions (thread text)");
        try (Trial trial = Trial.of(
                SERVER,
                "9d Spring Batch, partitioned",
                Partitioned.class,
                "batch",
                "spring.batch.jdbc.initialize-schema=always")) {
            trial.guards(1, "dataSource").heals("dataSource").does("its job completes", () -> {
                assertThat(SERVER.app().text("SELECT status FROM batch_job_execution"))
                        .isEqualTo("COMPLETED");
                assertThat(SERVER.app().number("SELECT count(*) FROM partitions"))
                        .isEqualTo(3);
            });
        }
    }

    @Test
    void session() {
        try (Trial trial = Trial.of(
                SERVER, "9e Spring Session", Plain.class, "session", "spring.session.jdbc.initialize-schema=always")) {
            trial.guards(1, "dataSource")
                    .heals("dataSource")
                    .does("a session is kept", () -> visit(trial.bean(SessionRepository.class)));
        }
    }

    @SuppressWarnings("unchecked") // a session repository is a bean by its raw class
    private static void visit(SessionRepository<?> sessions) {
        keep((SessionRepository<Session>) sessions);
    }

    private static void keep(SessionRepository<Session> sessions) {
        Session session = sessions.createSession();
        session.setAttribute("user", "alice");
        sessions.save(session);
        assertThat(sessions.findById(session.getId()).<String>getAttribute("user"))
                .isEqualTo("alice");
    }

    @Test
    void narayana() {
        try (Trial trial = Trial.of(
                SERVER,
                "9f JTA (Narayana)",
                Plain.class,
                "narayana",
                "narayana.log-dir=" + files,
                "spring.datasource.xa.data-source-class-name=org.postgresql.xa.PGXADataSource")) {
            trial.guards(1, "dataSource").heals("dataSource").does("it commits and rolls back", () -> {
                assertThat(trial.bean(PlatformTransactionManager.class)).isInstanceOf(JtaTransactionManager.class);
                TransactionTemplate transaction = new TransactionTemplate(trial.bean(PlatformTransactionManager.class));
                JdbcTemplate jdbc = trial.bean(JdbcTemplate.class);
                jdbc.execute("CREATE TABLE IF NOT EXISTS global (n int)");
                transaction.executeWithoutResult(status -> jdbc.update("INSERT INTO global VALUES (1)"));
                assertThatThrownBy(() -> transaction.executeWithoutResult(status -> {
                            jdbc.update("INSERT INTO global VALUES (2)");
                            throw new IllegalStateException("rolled back");
                        }))
                        .hasMessage("rolled back");
                assertThat(jdbc.queryForList("SELECT n FROM global", Integer.class))
                        .containsExactly(1);
            });
        }
    }
}
