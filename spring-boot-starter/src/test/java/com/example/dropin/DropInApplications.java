package com.example.dropin;

import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.pgheal.SelfHealingDataSource;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.springframework.batch.core.job.SimpleJob;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.builder.StepBuilder;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.core.step.tasklet.TaskletStep;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.context.annotation.Primary;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.util.ClassUtils;

/** What teams have, each as small as it can be. */
public final class DropInApplications {
    private DropInApplications() {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Plain {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Web {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Jpa {}

    @Entity(name = "Person")
    public static class Person {
        @Id
        @GeneratedValue
        Long id;

        String name;

        protected Person() {}

        public Person(String name) {
            this.name = name;
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Quartz {
        public static final AtomicInteger RUNS = new AtomicInteger();

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
    public static class Batch {
        /** By few types, for Spring Batch 5 and 6 keep the others in different packages. */
        @Bean
        SimpleJob job(JobRepository repository, PlatformTransactionManager transactions, JdbcTemplate jdbc)
                throws Exception {
            Tasklet tasklet = (Tasklet) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {Tasklet.class}, (proxy, method, arguments) -> {
                        if (method.getName().equals("execute")) {
                            jdbc.execute("CREATE TABLE batch_rows (id int)");
                            jdbc.update("INSERT INTO batch_rows VALUES (1)");
                            return null;
                        }
                        return method.getName().equals("hashCode") ? (Object) 1 : null;
                    });
            TaskletStep step = new StepBuilder("step", repository)
                    .tasklet(tasklet, transactions)
                    .build();
            SimpleJob job = new SimpleJob("job");
            job.setJobRepository(repository);
            job.setSteps(List.of(step));
            return job;
        }
    }

    /** Its tasklet leaves a transaction of its own behind, and throws. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class LeakingBatch {
        public static final List<Connection> KEPT = new CopyOnWriteArrayList<>();

        public static class Fault extends Error {
            private static final long serialVersionUID = 1L;
        }

        @Bean
        SimpleJob job(JobRepository repository, PlatformTransactionManager transactions, DataSource dataSource)
                throws Exception {
            Tasklet tasklet = (Tasklet) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {Tasklet.class}, (proxy, method, arguments) -> {
                        if (method.getName().equals("execute")) {
                            SelfHealingDataSource guard = dataSource.unwrap(SelfHealingDataSource.class);
                            await().until(() -> guard.healer().connected());
                            Connection connection = dataSource.getConnection();
                            KEPT.add(connection);
                            connection.setAutoCommit(false);
                            try (Statement statement = connection.createStatement()) {
                                statement.execute("UPDATE left_by_batch SET n = n + 1");
                            }
                            throw new Fault();
                        }
                        return method.getName().equals("hashCode") ? (Object) 1 : null;
                    });
            SimpleJob job = new SimpleJob("leaking");
            job.setJobRepository(repository);
            job.setSteps(List.of(new StepBuilder("step", repository)
                    .tasklet(tasklet, transactions)
                    .build()));
            return job;
        }
    }

    /** What Testcontainers and Docker Compose hand to Spring Boot in place of properties. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(ServiceConnection.Details.class)
    public static class ServiceConnection {

        /** By name, for Spring Boot 3 and 4 keep it in different packages. */
        static class Details implements ImportBeanDefinitionRegistrar, EnvironmentAware {
            private Environment environment;

            @Override
            public void setEnvironment(Environment environment) {
                this.environment = environment;
            }

            @Override
            public void registerBeanDefinitions(AnnotationMetadata metadata, BeanDefinitionRegistry registry) {
                ClassLoader loader = getClass().getClassLoader();
                String boot3 = "org.springframework.boot.autoconfigure.jdbc.JdbcConnectionDetails";
                Class<?> type = ClassUtils.resolveClassName(
                        ClassUtils.isPresent(boot3, loader)
                                ? boot3
                                : "org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails",
                        loader);
                RootBeanDefinition details = new RootBeanDefinition(type);
                details.setInstanceSupplier(() -> Proxy.newProxyInstance(
                        loader, new Class<?>[] {type}, (proxy, method, arguments) -> switch (method.getName()) {
                            case "getJdbcUrl" -> environment.getProperty("test.url");
                            case "getUsername" -> environment.getProperty("test.user");
                            case "getPassword" -> environment.getProperty("test.password");
                            case "getDriverClassName" -> "org.postgresql.Driver";
                            case "hashCode" -> System.identityHashCode(proxy);
                            case "equals" -> proxy == arguments[0];
                            case "toString" -> "details of the test";
                            default -> null;
                        }));
                registry.registerBeanDefinition("connectionDetails", details);
            }
        }
    }

    /** While a migration holds a table, a statement of the application's own waits for it. */
    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Migrated {
        public static volatile CompletableFuture<Integer> waiter = new CompletableFuture<>();

        /** Asked after those that are ordered: it sees what became of the data source. */
        @Bean
        static BeanPostProcessor impatient() {
            return new BeanPostProcessor() {
                @Override
                public Object postProcessAfterInitialization(Object bean, String name) {
                    if (bean instanceof DataSource dataSource) {
                        SelfHealingDataSource guard = guardOf(dataSource);
                        waiter = new CompletableFuture<>();
                        waiter.completeAsync(() -> updateAfterTheMigration(guard), onAThread("impatient"));
                        CompletableFuture.runAsync(() -> letItEndOnceTold(guard), onAThread("told"));
                    }
                    return bean;
                }
            };
        }

        private static SelfHealingDataSource guardOf(DataSource dataSource) {
            try {
                return dataSource.unwrap(SelfHealingDataSource.class);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }

        private static Executor onAThread(String name) {
            return work -> {
                Thread thread = new Thread(work, name);
                thread.setDaemon(true);
                thread.start();
            };
        }

        /** The migration takes until it is told of, and until a younger blocker was ended for being in the way for so long. */
        private static void letItEndOnceTold(SelfHealingDataSource guard) {
            try {
                await().until(() -> !guard.incidents().isEmpty());
                letTheLimitPass(guard);
            } finally {
                new JdbcTemplate(guard).update("INSERT INTO told VALUES (1)");
            }
        }

        private static void letTheLimitPass(SelfHealingDataSource guard) {
            CompletableFuture<Integer> behind = new CompletableFuture<>();
            try (Connection blocker = guard.getConnection();
                    Statement statement = blocker.createStatement()) {
                blocker.setAutoCommit(false);
                statement.execute("UPDATE also_locked SET n = n + 1");
                behind.completeAsync(
                        () -> new JdbcTemplate(guard).update("UPDATE also_locked SET n = n + 1"), onAThread("behind"));
                statement.execute("SELECT pg_sleep(60)");
                throw new IllegalStateException("it was not ended");
            } catch (SQLException cancelled) {
                behind.join();
            }
        }

        private static int updateAfterTheMigration(DataSource dataSource) {
            JdbcTemplate jdbc = new JdbcTemplate(dataSource);
            String locked = "SELECT count(*) FROM pg_locks WHERE relation = 'migrated_slowly'::regclass"
                    + " AND mode = 'AccessExclusiveLock'";
            while (jdbc.queryForObject(locked, Integer.class) == 0) {
                Thread.onSpinWait();
            }
            return jdbc.update("UPDATE migrated_slowly SET n = n + 1");
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Several {
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
    }

    private static HikariDataSource pool(Environment environment, String name) {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(environment.getProperty("test.url"));
        pool.setUsername(environment.getProperty("spring.datasource.username"));
        pool.setPassword(environment.getProperty("spring.datasource.password"));
        pool.setMaximumPoolSize(2);
        pool.addDataSourceProperty("ApplicationName", name);
        return pool;
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Routed {
        public static final ThreadLocal<String> SIDE = new ThreadLocal<>();

        @Bean
        DataSource left(Environment environment) {
            return pool(environment, "left");
        }

        @Bean
        DataSource right(Environment environment) {
            return pool(environment, "right");
        }

        @Bean
        @Primary
        DataSource routed(@Qualifier("left") DataSource left, @Qualifier("right") DataSource right) {
            AbstractRoutingDataSource routed = new AbstractRoutingDataSource() {
                @Override
                protected Object determineCurrentLookupKey() {
                    return SIDE.get();
                }
            };
            routed.setTargetDataSources(Map.of("left", left, "right", right));
            routed.setDefaultTargetDataSource(left);
            return routed;
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Lazy {
        @Bean
        DataSource pool(Environment environment) {
            return DropInApplications.pool(environment, "lazy");
        }

        @Bean
        @Primary
        DataSource lazy(@Qualifier("pool") DataSource pool) {
            return new LazyConnectionDataSourceProxy(pool);
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class NeedsHikari {
        public record Needs(HikariDataSource pool) {}

        @Bean
        Needs needs(HikariDataSource pool) {
            return new Needs(pool);
        }
    }
}
